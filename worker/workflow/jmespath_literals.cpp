#include "workflow/jmespath_literals.hpp"

namespace hil::worker {
namespace {

enum class Kind { name, quoted_name, number, comparison, other };

struct Piece {
    Kind kind;
    std::size_t start;
    std::size_t end;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

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
    if (c == '\'' || c == '`') return {Kind::other, at, closing(text, at)};
    if (starts_name(c)) {
        std::size_t end = at;
        while (end < text.size() && (starts_name(text[end]) || is_digit(text[end]))) ++end;
        return {Kind::name, at, end};
    }
    if (const std::size_t end = number_end(text, at); (is_digit(c) || c == '-') && end > at)
        return {Kind::number, at, end};
    const std::string_view two = text.substr(at, 2);
    if (two == "==" || two == "!=" || two == "<=" || two == ">=") return {Kind::comparison, at, at + 2};
    if (c == '<' || c == '>') return {Kind::comparison, at, at + 1};
    if (two == "&&" || two == "||") return {Kind::other, at, at + 2};
    return {Kind::other, at, at + 1};
}

std::vector<Piece> pieces_of(std::string_view text) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < text.size();) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        pieces.push_back(next_piece(text, at));
        at = pieces.back().end;
    }
    return pieces;
}

}  // namespace

Jmespath with_literals(std::string_view expression) {
    const std::vector<Piece> pieces = pieces_of(expression);
    const auto text = [&](const Piece& piece) {
        return expression.substr(piece.start, piece.end - piece.start);
    };
    const auto next_to = [&](std::size_t i, int step) {
        const std::size_t at = i + step;  // wraps to a large number before the first
        return at < pieces.size() ? text(pieces[at]) : std::string_view();
    };
    const auto is_literal = [&](std::size_t i) {
        const std::string_view word = text(pieces[i]);
        const bool fits =
            pieces[i].kind == Kind::number ||
            (pieces[i].kind == Kind::name && (word == "true" || word == "false" || word == "null"));
        const std::string_view before = next_to(i, -1), after = next_to(i, 1);
        if (!fits || before == "." || after == "." || after == "[" || after == "(") return false;
        return (i > 0 && pieces[i - 1].kind == Kind::comparison) ||
               (i + 1 < pieces.size() && pieces[i + 1].kind == Kind::comparison);
    };
    Jmespath result;
    const auto append = [&](std::string_view part, std::size_t from, bool moves) {
        for (std::size_t k = 0; k < part.size(); ++k) result.offsets.push_back(from + (moves ? k : 0));
        result.source += part;
    };
    std::size_t done = 0;
    int brackets = 0;
    bool piped = false;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Piece& piece = pieces[i];
        if (piece.kind == Kind::name) result.names.insert(std::string(text(piece)));
        if (piece.kind == Kind::quoted_name || text(piece) == "@" || text(piece) == "*")
            result.whole_root = true;
        append(expression.substr(done, piece.start - done), done, true);
        const bool literal = is_literal(i);
        const std::string_view word = text(piece);
        brackets += (word == "[" || word == "{") - (word == "]" || word == "}");
        piped = piped || word == "|" || word == "&";
        if (piece.kind == Kind::name && !literal && !piped && brackets == 0 && next_to(i, -1) != "." &&
            next_to(i, 1) != "(")
            result.roots.push_back({std::string(word), piece.start});
        if (literal) append("`", piece.start, false);
        append(text(piece), piece.start, true);
        if (literal) append("`", piece.end, false);
        done = piece.end;
    }
    append(expression.substr(done), done, true);
    result.offsets.push_back(expression.size());
    return result;
}

}  // namespace hil::worker
