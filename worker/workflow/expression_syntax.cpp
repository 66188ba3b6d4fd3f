#include "workflow/expression_syntax.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "core/text.hpp"
#include "workflow/template_names.hpp"

namespace hil::worker {
namespace {

constexpr int max_depth = 60;  // of brackets, `not`, signs and conditionals inside each other
constexpr int max_chain = 40;  // of accesses, calls and filters on one value

const std::set<std::string, std::less<>> reserved_words = {"and", "or", "not",  "in",
                                                           "is",  "if", "else", "del"};

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : separator) + part;
    return out;
}

std::string call(const std::string& function, const std::vector<std::string>& parts) {
    return std::string(reserved_prefix) + function + "(" + joined(parts, ", ") + ")";
}

}  // namespace

std::string Guarded::constant(std::string text) {
    const auto found = std::find(constants.begin(), constants.end(), text);
    const std::size_t number = found - constants.begin();
    if (found == constants.end()) constants.push_back(std::move(text));
    return std::string(reserved_prefix) + "k" + std::to_string(number);
}

// Counts how deep the parser is; also bounds the depth of what minja parses and evaluates.
struct ExpressionParser::Depth {
    explicit Depth(ExpressionParser& parser) : parser(parser) {
        if (++parser.depth_ > max_depth) parser.lexer_.fail("the expression is nested too deeply");
    }
    ~Depth() { --parser.depth_; }
    ExpressionParser& parser;
};

std::string ExpressionParser::expression() {
    const Depth depth(*this);
    std::string value = without_conditional();
    if (!lexer_.accept(TokenKind::name, "if")) return value;
    const std::string condition = without_conditional();
    if (!lexer_.accept(TokenKind::name, "else")) return "(" + value + " if " + condition + ")";
    return "(" + value + " if " + condition + " else " + expression() + ")";
}

std::string ExpressionParser::without_conditional() {
    std::vector<std::string> parts{conjunction()};
    while (lexer_.accept(TokenKind::name, "or")) parts.push_back(conjunction());
    return parts.size() == 1 ? parts[0] : "(" + joined(parts, " or ") + ")";
}

std::string ExpressionParser::conjunction() {
    std::vector<std::string> parts{negation()};
    while (lexer_.accept(TokenKind::name, "and")) parts.push_back(negation());
    return parts.size() == 1 ? parts[0] : "(" + joined(parts, " and ") + ")";
}

std::string ExpressionParser::negation() {
    if (!lexer_.accept(TokenKind::name, "not")) return comparison();
    const Depth depth(*this);
    return "(not " + negation() + ")";
}

std::string ExpressionParser::comparison() {
    std::string left = sum();
    if (lexer_.accept(TokenKind::name, "is")) return test(left);
    const Comparison* found = accept_comparison();
    if (!found) return left;
    // No operand is parsed inside a list of several: g++ 12 can destroy such a list twice when parsing
    // throws.
    std::string right = sum();
    const std::size_t next = lexer_.peek().offset;
    if (accept_comparison()) throw SyntaxError(next, "comparisons cannot be chained (join them with `and`)");
    if (found->swapped) std::swap(left, right);
    const std::string result = call(found->function, {left, right});
    return found->negated ? "(not " + result + ")" : result;
}

const ExpressionParser::Comparison* ExpressionParser::accept_comparison() {
    static constexpr Comparison comparisons[] = {
        {"==", "equal", false, false}, {"!=", "equal", false, true},    {"<", "less", false, false},
        {">", "less", true, false},    {"<=", "at_most", false, false}, {">=", "at_most", true, false},
        {"in", "in", false, false},    {"not", "in", false, true}};
    for (const Comparison& comparison : comparisons) {
        const bool is_name = comparison.symbol == "in" || comparison.symbol == "not";
        if (!lexer_.accept(is_name ? TokenKind::name : TokenKind::symbol, comparison.symbol)) continue;
        if (comparison.symbol == "not" && !lexer_.accept(TokenKind::name, "in"))
            lexer_.fail("expected `in` after `not`");
        return &comparison;
    }
    return nullptr;
}

std::string ExpressionParser::test(const std::string& operand) {
    const bool negated = lexer_.accept(TokenKind::name, "not");
    const Token name = lexer_.peek();
    if (name.kind != TokenKind::name) lexer_.fail("expected the name of a test after `is`");
    const bool absent = name.text == "undefined";
    if (!is_test(name.text))
        throw SyntaxError(name.offset, "unknown test `" + name.text + "`; " + known_tests(name.text));
    lexer_.take();
    const std::string known = absent ? "defined" : name.text;
    return "(" + operand + (negated != absent ? " is not " : " is ") + known + ")";
}

std::string ExpressionParser::sum() {
    std::vector<std::string> parts{concatenation()};
    for (const Token* next = &lexer_.peek();
         next->kind == TokenKind::symbol && (next->text == "+" || next->text == "-"); next = &lexer_.peek()) {
        parts.push_back(guarded_.constant(lexer_.take().text));
        parts.push_back(concatenation());
    }
    return parts.size() == 1 ? parts[0] : call("math", parts);
}

std::string ExpressionParser::concatenation() {
    std::vector<std::string> parts{product()};
    while (lexer_.accept(TokenKind::symbol, "~")) parts.push_back(product());
    return parts.size() == 1 ? parts[0] : call("concat", parts);
}

std::string ExpressionParser::product() {
    std::vector<std::string> parts{power()};
    const auto is_product = [](const Token& token) {
        return token.kind == TokenKind::symbol &&
               (token.text == "*" || token.text == "/" || token.text == "//" || token.text == "%");
    };
    while (is_product(lexer_.peek())) {
        parts.push_back(guarded_.constant(lexer_.take().text));
        parts.push_back(power());
    }
    return parts.size() == 1 ? parts[0] : call("math", parts);
}

std::string ExpressionParser::power() {
    std::string base = unary();
    if (!lexer_.accept(TokenKind::symbol, "**")) return base;
    const std::string exponent = unary();
    return call("math", {base, guarded_.constant("**"), exponent});
}

std::string ExpressionParser::unary() {
    const bool minus = lexer_.accept(TokenKind::symbol, "-");
    if (minus || lexer_.accept(TokenKind::symbol, "+")) {
        const Depth depth(*this);
        const std::string operand = unary();
        return minus ? call("math", {"0", guarded_.constant("-"), operand}) : operand;
    }
    return filtered(postfix());
}

std::string ExpressionParser::filtered(std::string value) {
    for (int chain = 0; lexer_.accept(TokenKind::symbol, "|"); ++chain) {
        if (chain >= max_chain) lexer_.fail("too many filters on one value");
        const Token name = lexer_.peek();
        if (name.kind != TokenKind::name) lexer_.fail("expected the name of a filter after `|`");
        if (!is_filter(name.text))
            throw SyntaxError(name.offset, "unknown filter `" + name.text + "`; " + known_filters(name.text));
        lexer_.take();
        std::vector<std::string> parts{guarded_.constant(name.text), value};
        if (lexer_.accept(TokenKind::symbol, "(")) take_arguments(parts);
        value = call("filter", parts);
    }
    return value;
}

std::string ExpressionParser::postfix() {
    std::string value = primary();
    for (int chain = 0;; ++chain) {
        if (chain >= max_chain) lexer_.fail("too many accesses on one value");
        if (lexer_.accept(TokenKind::symbol, "[")) {
            value = subscript(value);
        } else if (lexer_.accept(TokenKind::symbol, ".")) {
            const Token name = lexer_.peek();
            if (name.kind != TokenKind::name) lexer_.fail("expected a name after `.`");
            lexer_.take();
            if (!lexer_.accept(TokenKind::symbol, "(")) {
                value = call("get", {value, guarded_.constant(name.text)});
                continue;
            }
            if (!is_method(name.text))
                throw SyntaxError(name.offset,
                                  "unknown method `" + name.text + "`; " + known_methods(name.text));
            std::vector<std::string> parts{guarded_.constant(name.text), value};
            take_arguments(parts);
            value = call("call", parts);
        } else {
            return value;
        }
    }
}

std::string ExpressionParser::subscript(const std::string& base) {
    const auto at = [this](std::string_view text) {
        return lexer_.peek().kind == TokenKind::symbol && lexer_.peek().text == text;
    };
    std::vector<std::string> bounds(1, "None");
    if (!at(":")) bounds[0] = expression();
    if (!at(":")) {
        lexer_.expect("]", "after the index");
        return call("get", {base, bounds[0]});
    }
    while (bounds.size() < 3 && lexer_.accept(TokenKind::symbol, ":"))
        bounds.push_back(at(":") || at("]") ? "None" : expression());
    lexer_.expect("]", "after the slice");
    bounds.resize(3, "None");
    return call("slice", {base, bounds[0], bounds[1], bounds[2]});
}

std::string ExpressionParser::primary() {
    const Token token = lexer_.peek();
    if (token.kind == TokenKind::text) {
        lexer_.take();
        return guarded_.constant(token.text);
    }
    if (token.kind == TokenKind::number) {
        double value = 0;
        const char* end = token.text.data() + token.text.size();
        if (std::from_chars(token.text.data(), end, value).ec == std::errc::result_out_of_range)
            throw SyntaxError(token.offset, "the number " + one_line(token.text, 60) + " is out of range");
        lexer_.take();
        return token.text;
    }
    if (token.kind == TokenKind::name) return variable(token);
    if (lexer_.accept(TokenKind::symbol, "(")) {
        std::string first = expression();
        if (lexer_.accept(TokenKind::symbol, ")")) return first;
        lexer_.expect(",", "or `)`");
        const std::string rest = listing(")");  // a tuple; for a template it is a list
        return "[" + first + (rest.empty() ? "" : ", " + rest) + "]";
    }
    if (lexer_.accept(TokenKind::symbol, "[")) return "[" + listing("]") + "]";
    if (lexer_.accept(TokenKind::symbol, "{")) return dictionary();
    lexer_.fail("expected a value");
}

std::string ExpressionParser::variable(const Token& name) {
    if (reserved_words.count(name.text)) lexer_.fail("expected a value");
    if (name.text.starts_with(reserved_prefix))
        throw SyntaxError(name.offset,
                          "names that start with `" + std::string(reserved_prefix) + "` are reserved");
    lexer_.take();
    if (name.text == "true" || name.text == "True") return "true";
    if (name.text == "false" || name.text == "False") return "false";
    if (name.text == "none" || name.text == "None" || name.text == "null") return "None";
    if (lexer_.accept(TokenKind::symbol, "(")) {
        if (name.text != "range" && name.text != "namespace")
            throw SyntaxError(name.offset,
                              "unknown function `" + name.text + "`; known are range and namespace");
        std::vector<std::string> parts;
        take_arguments(parts);
        return call(name.text, parts);
    }
    if (locals_.count(name.text)) return name.text;
    guarded_.variables.push_back({name.text, name.offset, path_ahead()});
    if (nodes_.count(name.text)) skip_output();
    return name.text;
}

// The fields that come next, by `.field` or `['field']`.
std::vector<FieldUse> ExpressionParser::path_ahead() const {
    std::vector<FieldUse> path;
    Lexer ahead = lexer_;
    while (path.size() < max_path) {
        const bool item = ahead.accept(TokenKind::symbol, "[");
        if (!item && !ahead.accept(TokenKind::symbol, ".")) break;
        const Token field = ahead.peek();
        if (field.kind != (item ? TokenKind::text : TokenKind::name)) break;
        ahead.take();
        const bool called = ahead.peek().kind == TokenKind::symbol && ahead.peek().text == "(";
        if (item ? !ahead.accept(TokenKind::symbol, "]") : called) break;
        path.push_back({field.text, field.offset});
    }
    return path;
}

// After a node's name: `.output` and `['output']` mean the node itself.
void ExpressionParser::skip_output() {
    Lexer ahead = lexer_;
    const auto symbol = [&ahead](std::string_view text) { return ahead.accept(TokenKind::symbol, text); };
    const bool field = symbol(".") && ahead.accept(TokenKind::name, "output");
    const bool item = !field && symbol("[") && ahead.accept(TokenKind::text, "output") && symbol("]");
    if (field || item) lexer_ = ahead;
}

std::string ExpressionParser::listing(std::string_view close) {
    std::vector<std::string> items;
    while (!lexer_.accept(TokenKind::symbol, close)) {
        if (!items.empty()) lexer_.expect(",", "or `" + std::string(close) + "`");
        if (!items.empty() && lexer_.accept(TokenKind::symbol, close)) break;  // a comma at the end
        items.push_back(expression());
    }
    return joined(items, ", ");
}

std::string ExpressionParser::dictionary() {
    std::vector<std::string> items;
    while (!lexer_.accept(TokenKind::symbol, "}")) {
        if (!items.empty()) lexer_.expect(",", "or `}`");
        if (!items.empty() && lexer_.accept(TokenKind::symbol, "}")) break;
        const std::string key = expression();
        lexer_.expect(":", "after the key");
        items.push_back(key + ": " + expression());
    }
    return "{" + joined(items, ", ") + "}";
}

// Takes what stands after `(`.
void ExpressionParser::take_arguments(std::vector<std::string>& parts) {
    const std::size_t before = parts.size();
    while (!lexer_.accept(TokenKind::symbol, ")")) {
        if (parts.size() > before) lexer_.expect(",", "or `)`");
        if (parts.size() > before && lexer_.accept(TokenKind::symbol, ")")) break;
        Lexer ahead = lexer_;
        const Token name = ahead.take();
        const bool named = name.kind == TokenKind::name && ahead.accept(TokenKind::symbol, "=");
        if (named) lexer_ = ahead;
        std::string value = expression();
        parts.push_back(named ? name.text + "=" + value : std::move(value));
    }
}

Guarded guard_condition(std::string_view source, const std::set<std::string>& nodes) {
    Guarded guarded;
    Lexer lexer(source, 0);
    const std::set<std::string> no_locals;
    const std::string condition = ExpressionParser(lexer, guarded, nodes, no_locals).expression();
    if (lexer.peek().kind != TokenKind::end) lexer.fail("expected the end of the expression");
    guarded.pieces = {"{% if " + condition + " %}1{% endif %}"};
    if (guarded.pieces[0].size() > max_piece_bytes) throw SyntaxError(0, "the expression is too long");
    return guarded;
}

}  // namespace hil::worker
