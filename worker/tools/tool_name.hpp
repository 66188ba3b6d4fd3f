// Names of tools: in a workflow, and on the wire to a model.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hil::worker {

inline constexpr std::size_t max_tool_name_bytes = 128;

// Offered to every node that has tools. It is no tool of the configuration: the step ends with it.
inline constexpr const char* handover_tool_name = "handover_to_human";

// The wire name of the tool by which a model gives its answer, where it gives it by a tool.
inline constexpr const char* answer_tool_name = "final_answer";

// Letters, digits, `_` and `-` in parts joined by dots; not one of the names above, at most
// max_tool_name_bytes.
bool is_tool_name(std::string_view name);

// What the model calls the tool: APIs take letters, digits, `_` and `-`, 64 of them at most. A dot becomes
// `__`, anything else `_`; a longer name is cut and ends with a hash of all of it. Two names may come out the
// same.
std::string wire_name(std::string_view name);

}  // namespace hil::worker
