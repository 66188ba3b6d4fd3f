// Output schemas as the providers take them. What comes back is always validated against the schema itself.
#pragma once

#include <optional>

#include "core/json.hpp"

namespace hil::worker {

// Whether the schema asks for an object and nothing more.
bool asks_for_any_object(const Json& schema);

// The schema for OpenAI's strict mode, with `additionalProperties: false` in each object; nothing where that
// mode would refuse it: it wants every property required, items in every list, and knows few keywords.
std::optional<Json> strict_schema(const Json& schema);

// The schema for Anthropic's output format: `additionalProperties: false` in each object, and without the
// bounds that it refuses. Nothing where it cannot be said there: an object that does not name its properties.
std::optional<Json> output_format_schema(const Json& schema);

}  // namespace hil::worker
