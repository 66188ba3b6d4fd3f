#include "workflow/template_texts.hpp"

#include "workflow/expression_syntax.hpp"

namespace hil::worker {
namespace {

// Adds the quoted texts of the code that begins at `at`, and returns where it ends.
std::size_t take_code(std::string_view source, std::size_t at, std::string_view delimiter,
                      std::string& texts) {
    Lexer lexer(source, at);
    int open = 0;  // maps within: their end is no delimiter
    bool trims = false;
    while (open > 0 || !lexer.accept_close(delimiter, trims)) {
        const Token token = lexer.take();
        if (token.kind == TokenKind::end) return source.size();
        if (token.kind == TokenKind::text) texts += token.text + "\n";
        if (token.kind == TokenKind::symbol && token.text == "{") ++open;
        if (token.kind == TokenKind::symbol && token.text == "}") --open;
    }
    return lexer.end_of_taken();
}

}  // namespace

std::string template_texts(std::string_view source) {
    std::string texts;
    for (std::size_t at = 0; at < source.size();) {
        const std::string_view opening = source.substr(at, 2);
        if (opening == "{#") {
            const std::size_t end = source.find("#}", at + 2);
            at = end == std::string_view::npos ? source.size() : end + 2;
        } else if (opening == "{{" || opening == "{%") {
            texts += "\n";
            const std::size_t start = at + (source.substr(at + 2, 1) == "-" ? 3 : 2);
            at = take_code(source, start, opening == "{{" ? "}}" : "%}", texts);
        } else {
            texts += source[at++];
        }
    }
    return texts;
}

}  // namespace hil::worker
