#include "workflow/jmespath_literals.hpp"

#include "workflow/jmespath_tokens.hpp"

namespace hil::worker {
namespace {

// The fields that follow a name, by `.field`.
std::vector<FieldUse> path_after(std::string_view expression,
                                 const std::vector<jmespath_tokens::Piece>& pieces, std::size_t at) {
    using jmespath_tokens::Kind;
    const auto is = [&](std::size_t i, char sign) {
        return i < pieces.size() && pieces[i].kind == Kind::sign && expression[pieces[i].start] == sign;
    };
    std::vector<FieldUse> path;
    for (std::size_t i = at + 1; path.size() < max_path; i += 2) {
        const bool follows = is(i, '.') && i + 1 < pieces.size() && pieces[i + 1].kind == Kind::name;
        if (!follows || is(i + 2, '(')) break;
        const jmespath_tokens::Piece& field = pieces[i + 1];
        path.push_back({std::string(expression.substr(field.start, field.end - field.start)), field.start});
    }
    return path;
}

}  // namespace

Jmespath with_literals(std::string_view expression) {
    using jmespath_tokens::Kind;
    using jmespath_tokens::Piece;
    const std::vector<Piece> pieces = jmespath_tokens::pieces_of(expression);
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
            result.roots.push_back({std::string(word), piece.start, path_after(expression, pieces, i)});
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
