// Reads the texts that templates render where a list or a number is meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace hil::worker {

// Reads a list of texts as JSON or Python writes it: `['returns', "billing"]`, also empty. It is only read:
// nothing in it is evaluated, since what a model says may stand in it. Nothing for any other text.
std::optional<Json> read_list(std::string_view text);

// Gives the rendered text the type that the routing field `key` has: required_skills is a list (one bare text
// is a list of one, a blank one an empty list), priority an integer. Where the text does not fit it stays a
// text, as does every other field.
Json typed_field(std::string_view key, const std::string& text);

// Why a handover cannot use what its author wrote under `key`. Nothing where it can, and for a template,
// which is judged when it is rendered.
std::optional<std::string> route_complaint(const std::string& key, const std::string& text);

}  // namespace hil::worker
