// What valijson does not look at before it follows a schema.
#pragma once

#include <cstddef>

#include "core/json.hpp"

namespace hil::worker {

// Throws SchemaError for what would end or stall the process where an output is checked: `pattern`,
// `patternProperties` and the formats of dates and times (matching has no bounds in time and stack), a
// `multipleOf` that is not above 0, a `$ref` that leads nowhere or out of the schema, a schema that comes
// back to itself on the same value (through $ref, allOf, anyOf, oneOf, not, if, then, else or dependencies),
// and too many ways of these.
void check_schema(const Json& root);

// Tells whether an output asks for more than about four million steps of a checked schema: where references
// branch at every level, the steps double with each level of the output; uniqueItems compares each with each.
bool is_laborious(const Json& root, const Json& output);

}  // namespace hil::worker
