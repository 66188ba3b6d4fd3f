// JSON from outside, with its limits.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

namespace hil {

using Json = nlohmann::json;

// What a JSON text may weigh, and how many arrays and objects may lie in one another. nlohmann's copy and
// dump recurse once per level, so the depth limit is what keeps a hostile document from overflowing the
// stack.
inline constexpr std::size_t max_json_bytes = 1 << 20;
inline constexpr int max_json_depth = 64;

// Parses `text`. Size and depth are checked by one flat scan before the parser sees the text.
// `argument` is the name by which errors call the text.
// Throws Refusal(invalid_argument) for text that is too long, nested too deep, or no JSON.
Json parse_json(std::string_view text, std::string_view argument);

}  // namespace hil
