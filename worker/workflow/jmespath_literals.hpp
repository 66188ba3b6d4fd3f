// Lets a workflow's author write `output.can_handle == true` in JMESPath.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/expression_syntax.hpp"

namespace hil::worker {

struct Jmespath {
    std::string source;                // JMESPath by the standard
    std::vector<std::size_t> offsets;  // for each byte of `source` and its end: where it came from
    std::set<std::string> names;       // every identifier in it; the fields of the root are among them
    std::vector<VariableUse> roots;    // identifiers outside of brackets that name a field of the root
    bool whole_root = false;           // it may look at the root as a whole (`@`, `*`)
};

// Standard JMESPath compares `x == true` with a field called true. Here a bare true, false, null or number on
// either side of a comparison is the literal; `a.true`, `true.a`, "true" and longer names stay fields.
// Everything else is left as it is, mistakes included.
Jmespath with_literals(std::string_view expression);

}  // namespace hil::worker
