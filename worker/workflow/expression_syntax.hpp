// The grammar of expressions: what stands inside {{ }} and {% %}, and a python_expr.
//
// minja parses and evaluates templates, but by itself it throws for whatever is read off something undefined,
// divides integers by zero (which ends the process), parses with std::regex in time that is the product of
// the template's length and its number of tokens, and bounds nothing. So every expression is parsed here
// first, with Jinja's precedence, and handed to minja as calls of the functions of template_functions.hpp,
// which do the same operations safely. Texts never reach minja's parser: they become constants, set as
// variables.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/syntax_error.hpp"

namespace hil::worker {

// Prefix of the names that only rewritten templates use.
inline constexpr std::string_view reserved_prefix = "_hil_";

// A field that is read off something by its name.
struct FieldUse {
    std::string name;
    std::size_t offset = 0;
};

// A variable that a template reads.
struct VariableUse {
    std::string name;
    std::size_t offset = 0;
    std::vector<FieldUse> path = {};  // what follows it: two fields at most
};

// How many fields tell what is meant: `node.field` or `node.output.field`.
inline constexpr std::size_t max_path = 2;

// minja looks through all that is left of its text for every token, so what it gets at once is kept short.
inline constexpr std::size_t max_piece_bytes = 8'192;

// What minja gets to see.
struct Guarded {
    std::vector<std::string> pieces;     // parsed one by one, rendered one after the other in one context
    std::vector<std::string> constants;  // the values of the variables _hil_k0, _hil_k1, …
    std::vector<VariableUse> variables;  // those that the template does not set itself

    // Returns the name of a variable that holds `text`.
    std::string constant(std::string text);
};

enum class TokenKind { name, text, number, symbol, trim_close, end };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;
    std::size_t offset = 0;
};

// Splits an expression into tokens, one ahead. A `-` or `%` that begins a closing delimiter is a trim_close
// or a symbol of its own, as in Jinja.
class Lexer {
  public:
    Lexer(std::string_view source, std::size_t offset);

    const Token& peek() const { return token_; }
    Token take();
    bool accept(TokenKind kind, std::string_view text);
    // Takes the symbol, or throws that it is missing after `where`.
    void expect(std::string_view symbol, const std::string& where);
    [[noreturn]] void fail(const std::string& message) const;
    // True, and past it, if the next thing is the delimiter (`}}` or `%}`), with a `-` before it or not.
    bool accept_close(std::string_view delimiter, bool& trims);
    // The first byte after the tokens taken.
    std::size_t end_of_taken() const { return end_of_taken_; }

  private:
    Token scan();
    Token scan_text(char quote);

    std::string_view source_;
    std::size_t position_;
    std::size_t end_of_taken_;
    Token token_;
};

// Rewrites one expression after the other. `nodes` are the ids of the workflow's nodes: of these `id.output`
// is the same as `id`, unless the template sets a variable of that name itself.
class ExpressionParser {
  public:
    ExpressionParser(Lexer& lexer, Guarded& guarded, const std::set<std::string>& nodes,
                     const std::set<std::string>& locals)
        : lexer_(lexer), guarded_(guarded), nodes_(nodes), locals_(locals) {}

    std::string expression();           // with `a if b else c`
    std::string without_conditional();  // without, as after `in` of a for block

  private:
    struct Depth;
    // An operator, and the function that it becomes.
    struct Comparison {
        std::string_view symbol;  // for `not in` only its first word
        const char* function;
        bool swapped;  // its operands
        bool negated;
    };

    std::string conjunction();
    std::string negation();
    std::string comparison();
    const Comparison* accept_comparison();
    std::string test(const std::string& operand);
    std::string sum();
    std::string concatenation();
    std::string product();
    std::string power();
    std::string unary();
    std::string filtered(std::string value);
    std::string postfix();
    std::string primary();
    std::string variable(const Token& name);
    std::vector<FieldUse> path_ahead() const;
    void skip_output();
    std::string subscript(const std::string& base);
    std::string listing(std::string_view close);
    std::string dictionary();
    void take_arguments(std::vector<std::string>& parts);

    Lexer& lexer_;
    Guarded& guarded_;
    const std::set<std::string>& nodes_;
    const std::set<std::string>& locals_;
    int depth_ = 0;
};

// Rewrites a python_expr as a template that renders "1" where it is true, and nothing where it is not.
// Throws SyntaxError.
Guarded guard_condition(std::string_view source, const std::set<std::string>& nodes);

}  // namespace hil::worker
