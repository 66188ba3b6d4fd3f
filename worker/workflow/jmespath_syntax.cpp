#include "workflow/jmespath_syntax.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/text.hpp"
#include "workflow/jmespath_tokens.hpp"
#include "workflow/syntax_error.hpp"

namespace hil::worker {
namespace {

using jmespath_tokens::Kind;
using jmespath_tokens::Piece;

constexpr int max_nesting = 40;

// How many times larger than the data what an expression makes of it may become: `[@, @]` doubles it, and
// after a `|` or a `.` what was doubled is doubled again.
constexpr double max_growth = 100;

class Grammar {
  public:
    explicit Grammar(std::string_view text) : text_(text), pieces_(jmespath_tokens::pieces_of(text)) {}

    void check() {
        const double growth = expression();
        const bool is_python = word() == "and" || word() == "or" || word() == "not";
        if (at_ < pieces_.size())
            fail(is_python ? "expected an operator (in JMESPath &&, ||, !)" : "expected an operator");
        if (growth > max_growth) throw SyntaxError(0, "it could repeat the data more than 100 times");
    }

  private:
    // The methods below return the growth of what they read.
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
        const std::string_view found = text_.substr(pieces_[at_].start);
        const std::size_t size = std::max(word().size(), character_at(found, 0).bytes);
        throw SyntaxError(pieces_[at_].start,
                          message + ", found `" + one_line(found.substr(0, size), 60) + "`");
    }

    double expression() {
        if (++depth_ > max_nesting) fail("the expression is nested too deeply");
        double growth = 1, side_by_side = operand();
        while (at_ < pieces_.size()) {
            const bool pipe = accept("|");
            if (!pipe && !accept_operator()) break;
            if (pipe) growth *= std::exchange(side_by_side, 0);
            side_by_side = std::max(side_by_side, operand());
        }
        --depth_;
        return growth * side_by_side;
    }

    bool accept_operator() {
        if (accept("||") || accept("&&")) return true;
        if (!is(Kind::comparison)) return false;
        ++at_;
        return true;
    }

    double operand() {
        const int outside = depth_;
        while (accept("!"))
            if (++depth_ > max_nesting) fail("the expression is nested too deeply");
        double growth = primary();
        for (double more = step(); more > 0; more = step()) growth *= more;
        depth_ = outside;
        return growth;
    }

    double primary() {
        if (is(Kind::text) || is(Kind::quoted_name)) return closed_text();
        if (is(Kind::name)) return name();
        if (accept("@") || accept("*")) return 1;
        if (accept("{")) return hash();
        if (accept("[")) return at_index() ? index() : list();
        if (!accept("(")) fail("expected a value");
        const double growth = expression();
        expect(")");
        return growth;
    }

    double closed_text() {
        const std::string_view text = word();
        if (text.size() < 2 || text.back() != text.front()) fail("this text is not closed");
        ++at_;
        return 1;
    }

    // A field or a call.
    double name() {
        // Each time a text is written as JSON its quotes take twice the space.
        double growth = word() == "to_string" ? 2 : 1;
        const bool joins = word() == "join";
        ++at_;
        if (!accept("(") || accept(")")) return 1;
        if (joins) growth *= glue();
        do {
            accept("&");  // an expression that the function applies itself
            growth *= expression();
        } while (accept(","));
        expect(")");
        return growth;
    }

    // The first argument of join() stands between all items, so it must be a short constant.
    double glue() const {
        const bool constant = is(Kind::text) && word(1) == ",";
        return constant ? 1 + static_cast<double>(word().size()) / 10 : max_growth + 1;
    }

    // What may follow a value: a field or a part of it, an index, a filter. 0: nothing does.
    double step() {
        if (accept("[")) return index();
        if (!accept(".")) return 0;
        if (is(Kind::name)) return name();
        if (is(Kind::quoted_name)) return closed_text();
        if (accept("[")) return list();
        if (accept("{")) return hash();
        if (!accept("*")) fail("expected a field after `.`");
        return 1;
    }

    bool at_index() const {
        return is(Kind::number) || word() == "]" || word() == "?" || word() == ":" ||
               (word() == "*" && word(1) == "]");
    }

    double index() {
        if (accept("]")) return 1;
        double growth = 1;
        if (accept("?"))
            growth = expression();
        else if (!accept("*"))
            slice();
        expect("]");
        return growth;
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

    // Of a list or a map: constant texts in it are no copies of the data.
    double entry() {
        const bool constant = is(Kind::text) && (word(1) == "," || word(1) == "]" || word(1) == "}");
        const double growth = expression();
        return constant ? 0 : growth;
    }

    double list() {
        double growth = 0;
        do growth += entry();
        while (accept(","));
        expect("]");
        return std::max(growth, 1.0);
    }

    double hash() {
        double growth = 0;
        do {
            if (is(Kind::quoted_name))
                closed_text();
            else if (is(Kind::name))
                ++at_;
            else
                fail("expected a key");
            expect(":");
            growth += entry();
        } while (accept(","));
        expect("}");
        return std::max(growth, 1.0);
    }

    std::string_view text_;
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

void check_jmespath(std::string_view expression) { Grammar(expression).check(); }

}  // namespace hil::worker
