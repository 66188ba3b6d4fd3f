// Small helpers for text that comes from outside. Text is UTF-8; what is not is survived, not trusted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace hil {

// A character of a UTF-8 text, and how many bytes it takes. A byte that begins no valid character is read as
// invalid_character, alone.
struct Character {
    char32_t code;
    std::size_t bytes;
};
inline constexpr char32_t invalid_character = 0xFFFFFFFF;

// Returns the character that begins at the byte `at`, which must lie inside the text.
Character character_at(std::string_view text, std::size_t at);

// Tells whether `c` is ASCII white space, in any locale.
bool is_space(char c);

// Returns the text without the ASCII white space around it.
std::string_view trimmed(std::string_view text);

inline bool is_blank(std::string_view text) { return trimmed(text).empty(); }

// Returns the text with its ASCII letters in lower case; all other bytes stay as they are.
std::string lower_case(std::string_view text);

// Returns the text on one line: control characters and runs of white space folded into one space, none around
// it, invalid bytes as "?", and no more than `max_characters` characters, of which the last is "…" where
// something was cut off. Reads no further than it has to.
std::string one_line(std::string_view text, std::size_t max_characters);

// Returns an excerpt of the text in double quotes, for an error message.
std::string in_quotes(std::string_view text);

// Returns a JSON value as an error message shows it: scalars by value, lists and objects by kind.
std::string shown(const Json& value);

// Returns a number in the fewest digits that read back as the same number.
std::string number_text(double number);

}  // namespace hil
