// Patterns of tool names, as a workflow's node lists them: `*` stands for any text, dots included.
#pragma once

#include <string_view>

namespace hil::worker {

bool matches(std::string_view pattern, std::string_view name);

// Whether the pattern matches some name that begins with `prefix`.
bool may_match_below(std::string_view pattern, std::string_view prefix);

}  // namespace hil::worker
