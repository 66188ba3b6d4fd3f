// The grammar of templates: texts, {{ expressions }}, {# comments #} and the blocks if, for and set.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "workflow/expression_syntax.hpp"

namespace hil::worker {

inline constexpr std::size_t max_template_bytes = 65'536;

// Rewrites a template for minja. White space is Jinja's: one newline at the very end is dropped, `-` at a
// delimiter trims. Not supported, and refused: macros, calls, inheritance, includes, filter blocks, recursive
// loops. Throws SyntaxError.
Guarded guard_template(std::string_view source, const std::set<std::string>& nodes);

}  // namespace hil::worker
