#include "workflow/jmespath_syntax.hpp"

#include <string>
#include <vector>

#include "workflow/jmespath_tokens.hpp"
#include "workflow/syntax_error.hpp"

namespace hil::worker {
namespace {

using jmespath_tokens::Kind;
using jmespath_tokens::Piece;

constexpr int max_nesting = 40;

class Grammar {
  public:
    explicit Grammar(std::string_view text) : text_(text), pieces_(jmespath_tokens::pieces_of(text)) {}

    void check() {
        expression();
        if (at_ < pieces_.size()) fail("expected an operator");
    }

  private:
    bool is(Kind kind) const { return at_ < pieces_.size() && pieces_[at_].kind == kind; }

    std::string_view word(std::size_t ahead = 0) const {
        const std::size_t at = at_ + ahead;
        return at < pieces_.size() ? text_.substr(pieces_[at].start, pieces_[at].end - pieces_[at].start)
                                   : "";
    }

    // Quoted words are no signs, whatever stands in them.
    bool accept(std::string_view sign) {
        if (!is(Kind::sign) || word() != sign) return false;
        ++at_;
        return true;
    }

    void expect(std::string_view sign) {
        if (!accept(sign)) fail("expected `" + std::string(sign) + "`");
    }

    [[noreturn]] void fail(const std::string& message) const {
        if (at_ >= pieces_.size()) {
            const std::size_t end = pieces_.empty() ? 0 : pieces_.back().end;
            throw SyntaxError(end, message + ", the expression ends");
        }
        throw SyntaxError(pieces_[at_].start, message + ", found `" + std::string(word()) + "`");
    }

    void expression() {
        if (++depth_ > max_nesting) fail("the expression is nested too deeply");
        do operand();
        while (accept_operator());
        --depth_;
    }

    bool accept_operator() {
        if (accept("||") || accept("&&") || accept("|")) return true;
        if (!is(Kind::comparison)) return false;
        ++at_;
        return true;
    }

    void operand() {
        const int outside = depth_;
        while (accept("!"))
            if (++depth_ > max_nesting) fail("the expression is nested too deeply");
        primary();
        while (step()) {
        }
        depth_ = outside;
    }

    void primary() {
        if (is(Kind::text) || is(Kind::quoted_name)) return closed_text();
        if (is(Kind::name)) return name();
        if (accept("@") || accept("*")) return;
        if (accept("{")) return hash();
        if (accept("[")) return list_or_index();
        if (!accept("(")) fail("expected a value");
        expression();
        expect(")");
    }

    void closed_text() {
        const std::string_view text = word();
        if (text.size() < 2 || text.back() != text.front()) fail("this text is not closed");
        ++at_;
    }

    // A field or a call.
    void name() {
        ++at_;
        if (!accept("(") || accept(")")) return;
        do {
            accept("&");  // an expression that the function applies itself
            expression();
        } while (accept(","));
        expect(")");
    }

    // What may follow a value: a field or a part of it, an index, a filter.
    bool step() {
        if (accept("[")) {
            index();
            return true;
        }
        if (!accept(".")) return false;
        if (is(Kind::name))
            name();
        else if (is(Kind::quoted_name))
            closed_text();
        else if (accept("["))
            list();
        else if (accept("{"))
            hash();
        else if (!accept("*"))
            fail("expected a field after `.`");
        return true;
    }

    bool at_index() const {
        return is(Kind::number) || word() == "]" || word() == "?" || word() == ":" ||
               (word() == "*" && word(1) == "]");
    }

    void list_or_index() { at_index() ? index() : list(); }

    void index() {
        if (accept("]")) return;
        if (accept("?"))
            expression();
        else if (!accept("*"))
            slice();
        expect("]");
    }

    void slice() {
        int numbers = 0;
        for (int colons = 0; is(Kind::number) || word() == ":";) {
            if (is(Kind::number)) {
                if (word().find_first_of(".eE") != std::string_view::npos) fail("expected a whole number");
                ++numbers;
                ++at_;
                if (word() != ":") break;
            }
            if (!accept(":") || ++colons > 2) fail("expected `]`");
            ++numbers;
        }
        if (numbers == 0) fail("expected an index, a slice, `*`, `?` or `]`");
    }

    void list() {
        do expression();
        while (accept(","));
        expect("]");
    }

    void hash() {
        do {
            if (is(Kind::quoted_name))
                closed_text();
            else if (is(Kind::name))
                ++at_;
            else
                fail("expected a key");
            expect(":");
            expression();
        } while (accept(","));
        expect("}");
    }

    std::string_view text_;
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

void check_jmespath(std::string_view expression) { Grammar(expression).check(); }

}  // namespace hil::worker
