#include "core/text.hpp"
#include "workflow/ascii.hpp"
#include "workflow/expression_syntax.hpp"

namespace hil::worker {
namespace {

char unescaped(char c) {
    switch (c) {
        case 'n':
            return '\n';
        case 't':
            return '\t';
        case 'r':
            return '\r';
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        default:
            return c;
    }
}

}  // namespace

Lexer::Lexer(std::string_view source, std::size_t offset)
    : source_(source), position_(offset), end_of_taken_(offset), token_(scan()) {}

Token Lexer::take() {
    Token taken = std::move(token_);
    end_of_taken_ = position_;
    token_ = scan();
    return taken;
}

bool Lexer::accept(TokenKind kind, std::string_view text) {
    if (token_.kind != kind || token_.text != text) return false;
    take();
    return true;
}

void Lexer::expect(std::string_view symbol, const std::string& where) {
    if (!accept(TokenKind::symbol, symbol)) fail("expected `" + std::string(symbol) + "` " + where);
}

void Lexer::fail(const std::string& message) const {
    const std::string found = token_.kind == TokenKind::end    ? "the text ends"
                              : token_.kind == TokenKind::text ? "found a text"
                                                               : "found `" + one_line(token_.text, 60) + "`";
    throw SyntaxError(token_.offset, message + ", " + found);
}

bool Lexer::accept_close(std::string_view delimiter, bool& trims) {
    trims = token_.kind == TokenKind::trim_close;
    const std::size_t at = token_.offset + (trims ? 1 : 0);
    if (token_.kind == TokenKind::end || source_.substr(at, delimiter.size()) != delimiter) return false;
    end_of_taken_ = at + delimiter.size();
    return true;
}

Token Lexer::scan_text(char quote) {
    const std::size_t start = position_++;
    std::string text;
    while (position_ < source_.size() && source_[position_] != quote) {
        if (source_[position_] == '\\' && position_ + 1 < source_.size()) {
            text += unescaped(source_[position_ + 1]);
            position_ += 2;
        } else {
            text += source_[position_++];
        }
    }
    if (position_ >= source_.size()) throw SyntaxError(start, "this text is not closed");
    ++position_;
    return {TokenKind::text, text, start};
}

Token Lexer::scan() {
    while (position_ < source_.size() && is_gap(source_[position_])) ++position_;
    const std::size_t start = position_;
    if (start >= source_.size()) {
        // What is missing is missing after the last word, not on a line below it.
        return {TokenKind::end, "", source_.find_last_not_of(" \t\r\n") + 1};
    }
    const char c = source_[start];
    if (c == '"' || c == '\'') return scan_text(c);
    if (starts_name(c)) {
        while (position_ < source_.size() && continues_name(source_[position_])) ++position_;
        return {TokenKind::name, std::string(source_.substr(start, position_ - start)), start};
    }
    if (is_digit(c)) {
        const auto run = [this] {
            while (position_ < source_.size() && is_digit(source_[position_])) ++position_;
        };
        const auto digit_at = [this](std::size_t at) { return at < source_.size() && is_digit(source_[at]); };
        run();
        if (position_ < source_.size() && source_[position_] == '.' && digit_at(position_ + 1)) {
            ++position_;
            run();
        }
        if (position_ < source_.size() && (source_[position_] == 'e' || source_[position_] == 'E')) {
            std::size_t power = position_ + 1;
            if (power < source_.size() && (source_[power] == '-' || source_[power] == '+')) ++power;
            if (digit_at(power)) {
                position_ = power;
                run();
            }
        }
        return {TokenKind::number, std::string(source_.substr(start, position_ - start)), start};
    }
    const std::string_view rest = source_.substr(start);
    if (c == '-' && (rest.substr(1, 2) == "}}" || rest.substr(1, 2) == "%}")) {
        ++position_;
        return {TokenKind::trim_close, "-", start};
    }
    for (const std::string_view symbol : {"==", "!=", "<=", ">=", "**", "//", "%}"})
        if (rest.starts_with(symbol)) {
            position_ += symbol.size();
            return {TokenKind::symbol, std::string(symbol), start};
        }
    if (std::string_view("<>~+-*/%()[]{},:.|=").find(c) == std::string_view::npos)
        throw SyntaxError(start, "unexpected character `" +
                                     one_line(rest.substr(0, character_at(rest, 0).bytes), 1) + "`" +
                                     (c == '&' || c == '!' ? "; here it is `and`, `or`, `not`" : ""));
    ++position_;
    return {TokenKind::symbol, std::string(1, c), start};
}

}  // namespace hil::worker
