// The words of a JMESPath expression.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace hil::worker::jmespath_tokens {

// A `text` is 'raw' or a `literal`; a sign is one character or one of && and ||.
enum class Kind { name, quoted_name, text, number, comparison, sign };

struct Piece {
    Kind kind;
    std::size_t start;
    std::size_t end;  // the byte after the last
};

// Splits at white space and signs. Never fails: what is not closed goes on to the end.
std::vector<Piece> pieces_of(std::string_view text);

}  // namespace hil::worker::jmespath_tokens
