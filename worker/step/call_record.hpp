// Calls as the database keeps them: items of hil_record_calls, and of the claim's input in the next attempt.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/model.hpp"

namespace hil::worker {

// Of a call, as they came and as they are written down.
inline constexpr std::size_t max_arguments_bytes = 64 << 10;

// Throws, naming the value `argument`, if the database would refuse it as a call's arguments or message: both
// lie two levels deep in the items.
void require_recordable(const Json& value, std::string_view argument);

// The JSON of a reply's usage.
Json usage_json(const Usage& usage, const ModelProfile& profile);

// The items of a turn that nothing has been done about yet, its calls numbered from `first_call`. The first
// item has the model's own message and what the turn cost. `tool_name`: of a wire name. Calls that have a
// result in the turn already are answered by the same items.
Json items_of(const ModelTurn& turn, int number, int first_call, const Usage& usage,
              const ModelProfile& profile, const std::function<std::string(const std::string&)>& tool_name);

Json result_item(int call, const ToolResult& result, long long duration_ms);

// A turn of an earlier attempt.
struct RecordedTurn {
    int number = 0;
    ModelTurn turn;            // with the results that were written down
    std::vector<int> numbers;  // of its calls
    std::vector<std::string> tools;
};

// In order. A turn that another model wrote, or whose message could not be kept, has no kind.
std::vector<RecordedTurn> recorded_turns(const Json& calls, const ModelProfile& profile);

}  // namespace hil::worker
