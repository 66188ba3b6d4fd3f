#include "workflow/jmespath_tokens.hpp"

#include "workflow/ascii.hpp"

namespace hil::worker::jmespath_tokens {
namespace {

// The end of a text between quotes; the end of everything if it is not closed.
std::size_t closing(std::string_view text, std::size_t start) {
    for (std::size_t at = start + 1; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == text[start])
            return at + 1;
    }
    return text.size();
}

std::size_t digits_end(std::string_view text, std::size_t at) {
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

// The end of a JSON number that starts here, or `start` where none does.
std::size_t number_end(std::string_view text, std::size_t start) {
    const std::size_t first = start + (text[start] == '-' ? 1 : 0);
    std::size_t at = digits_end(text, first);
    if (at == first) return start;
    if (at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) at = digits_end(text, at + 1);
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        std::size_t power = at + 1;
        if (power < text.size() && (text[power] == '-' || text[power] == '+')) ++power;
        if (digits_end(text, power) > power) at = digits_end(text, power);
    }
    return at;
}

Piece next_piece(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == '"') return {Kind::quoted_name, at, closing(text, at)};
    if (c == '\'' || c == '`') return {Kind::text, at, closing(text, at)};
    if (starts_name(c)) {
        std::size_t end = at;
        while (end < text.size() && continues_name(text[end])) ++end;
        return {Kind::name, at, end};
    }
    if (const std::size_t end = number_end(text, at); (is_digit(c) || c == '-') && end > at)
        return {Kind::number, at, end};
    const std::string_view two = text.substr(at, 2);
    if (two == "==" || two == "!=" || two == "<=" || two == ">=") return {Kind::comparison, at, at + 2};
    if (c == '<' || c == '>') return {Kind::comparison, at, at + 1};
    if (two == "&&" || two == "||") return {Kind::sign, at, at + 2};
    return {Kind::sign, at, at + 1};
}

}  // namespace

std::vector<Piece> pieces_of(std::string_view text) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < text.size();) {
        if (is_gap(text[at])) {
            ++at;
            continue;
        }
        pieces.push_back(next_piece(text, at));
        at = pieces.back().end;
    }
    return pieces;
}

}  // namespace hil::worker::jmespath_tokens
