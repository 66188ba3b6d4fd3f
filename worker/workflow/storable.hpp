// What the database takes as jsonb.
#pragma once

#include <string_view>

#include "core/json.hpp"

namespace hil::worker {

// Throws, naming the value `argument`, if the extension would refuse it: more than max_json_bytes as jsonb is
// written out, deeper than max_json_depth, text that is no UTF-8, or the character U+0000.
void require_storable(const Json& value, std::string_view argument);

}  // namespace hil::worker
