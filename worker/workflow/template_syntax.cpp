#include "workflow/template_syntax.hpp"

#include <vector>

namespace hil::worker {
namespace {

constexpr std::size_t max_open_blocks = 30;
constexpr std::string_view white_space = " \t\r\n";

std::string_view without_leading_space(std::string_view text) {
    const std::size_t first = text.find_first_not_of(white_space);
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view without_trailing_space(std::string_view text) {
    return text.substr(0, text.find_last_not_of(white_space) + 1);
}

class TemplateParser {
  public:
    TemplateParser(std::string_view source, const std::set<std::string>& nodes)
        : source_(source), nodes_(nodes) {
        collect_locals();
    }

    Guarded parse() {
        while (position_ < source_.size()) {
            const std::size_t open = next_delimiter(position_);
            take_text(open);
            end_piece(open);
            if (open == source_.size()) break;
            if (source_[open + 1] == '#')
                take_comment(open);
            else if (source_[open + 1] == '{')
                take_expression(open);
            else
                take_block(open);
            end_piece(open);
        }
        if (!open_.empty())
            throw SyntaxError(open_.back().offset, "this `" + open_.back().keyword + "` is not closed");
        return std::move(guarded_);
    }

  private:
    struct Block {
        std::string keyword;
        std::size_t offset;
        bool has_else = false;
    };

    // The names that the template sets itself, anywhere: they are no variables of the workflow.
    void collect_locals() {
        for (std::size_t at = source_.find("{%"); at != std::string_view::npos;
             at = source_.find("{%", at + 2)) {
            try {
                Lexer lexer(source_, at + 2 + (trims_before(at) ? 1 : 0));
                const bool loop = lexer.accept(TokenKind::name, "for");
                if (loop) locals_.insert("loop");
                if (!loop && !lexer.accept(TokenKind::name, "set")) continue;
                while (lexer.peek().kind == TokenKind::name) {
                    locals_.insert(lexer.take().text);
                    if (!lexer.accept(TokenKind::symbol, ",")) break;
                }
            } catch (const SyntaxError&) {
                // reported, with its place, when the block itself is parsed
            }
        }
    }

    // Outside of blocks every text, expression and block is a piece of its own.
    void end_piece(std::size_t at) {
        if (piece_.size() > max_piece_bytes)
            throw SyntaxError(open_.empty() ? at : open_.front().offset,
                              "too much in one block or expression");
        if (!open_.empty() || piece_.empty()) return;
        guarded_.pieces.push_back(std::move(piece_));
        piece_.clear();
    }

    std::size_t next_delimiter(std::size_t from) const {
        for (std::size_t at = source_.find('{', from); at != std::string_view::npos;
             at = source_.find('{', at + 1))
            if (at + 1 < source_.size() &&
                std::string_view("{%#").find(source_[at + 1]) != std::string_view::npos)
                return at;
        return source_.size();
    }

    bool trims_before(std::size_t open) const { return source_.substr(open + 2, 1) == "-"; }

    void take_text(std::size_t end) {
        std::string_view text = source_.substr(position_, end - position_);
        if (trim_next_) text = without_leading_space(text);
        trim_next_ = false;
        if (end == source_.size() && text.ends_with('\n')) text.remove_suffix(1);
        if (end < source_.size() && trims_before(end)) text = without_trailing_space(text);
        if (!text.empty()) print(guarded_.constant(std::string(text)));
        position_ = end;
    }

    void print(const std::string& value) { piece_ += "{{ _hil_print(" + value + ") }}"; }

    void take_comment(std::size_t open) {
        const std::size_t close = source_.find("#}", open + 2);
        if (close == std::string_view::npos) throw SyntaxError(open, "this comment is not closed");
        trim_next_ = close > open + 2 && source_[close - 1] == '-';
        position_ = close + 2;
    }

    void take_expression(std::size_t open) {
        Lexer lexer(source_, open + 2 + (trims_before(open) ? 1 : 0));
        print(ExpressionParser(lexer, guarded_, nodes_, locals_).expression());
        close(lexer, "}}");
    }

    void close(Lexer& lexer, std::string_view delimiter) {
        if (!lexer.accept_close(delimiter, trim_next_))
            lexer.fail("expected `" + std::string(delimiter) + "`");
        position_ = lexer.end_of_taken();
    }

    void take_block(std::size_t open) {
        Lexer lexer(source_, open + 2 + (trims_before(open) ? 1 : 0));
        if (lexer.peek().kind != TokenKind::name) lexer.fail("expected if, for, set or another block");
        const Token keyword = lexer.take();
        const std::string& word = keyword.text;
        if (word == "if")
            start_if(lexer, open);
        else if (word == "elif" || word == "else")
            branch(lexer, keyword);
        else if (word == "for")
            start_for(lexer, open);
        else if (word == "set")
            set(lexer, open);
        else if (word == "endif" || word == "endfor" || word == "endset")
            end(keyword);
        else if (word == "break" || word == "continue")
            leave_loop(keyword);
        else
            throw SyntaxError(keyword.offset,
                              "`" + word +
                                  "` is no block of this release; known are if, elif, else, endif, "
                                  "for, endfor, set, endset, break and continue");
        close(lexer, "%}");
        if (word == "for") piece_ += "{{ _hil_tick() }}";
    }

    std::string expression(Lexer& lexer) {
        return ExpressionParser(lexer, guarded_, nodes_, locals_).expression();
    }

    void push(const std::string& keyword, std::size_t offset) {
        if (open_.size() >= max_open_blocks) throw SyntaxError(offset, "blocks are nested too deeply");
        open_.push_back({keyword, offset});
    }

    void start_if(Lexer& lexer, std::size_t open) {
        piece_ += "{% if " + expression(lexer) + " %}";
        push("if", open);
    }

    void branch(Lexer& lexer, const Token& keyword) {
        const bool conditional = keyword.text == "elif";
        const bool fits = !open_.empty() && !open_.back().has_else &&
                          (open_.back().keyword == "if" || (open_.back().keyword == "for" && !conditional));
        if (!fits) throw SyntaxError(keyword.offset, "this `" + keyword.text + "` belongs to no open block");
        open_.back().has_else = !conditional;
        piece_ += conditional ? "{% elif " + expression(lexer) + " %}" : "{% else %}";
    }

    std::string bound_names(Lexer& lexer) {
        std::string names;
        do {
            if (lexer.peek().kind != TokenKind::name) lexer.fail("expected the name of a variable");
            const Token name = lexer.take();
            if (name.text.starts_with(reserved_prefix))
                throw SyntaxError(name.offset, "names that start with `_hil_` are reserved");
            names += (names.empty() ? "" : ", ") + name.text;
        } while (lexer.accept(TokenKind::symbol, ","));
        return names;
    }

    void start_for(Lexer& lexer, std::size_t open) {
        const std::string names = bound_names(lexer);
        if (!lexer.accept(TokenKind::name, "in")) lexer.fail("expected `in`");
        ExpressionParser parser(lexer, guarded_, nodes_, locals_);
        std::string head = "{% for " + names + " in " + parser.without_conditional();
        if (lexer.accept(TokenKind::name, "if")) head += " if " + parser.without_conditional();
        piece_ += head + " %}";
        push("for", open);
    }

    void set(Lexer& lexer, std::size_t open) {
        std::string target = bound_names(lexer);
        const bool in_namespace = lexer.accept(TokenKind::symbol, ".");
        if (in_namespace) target += "." + bound_names(lexer);
        if (lexer.accept(TokenKind::symbol, "=")) {
            const std::string value = expression(lexer);
            // A copy: a namespace that held itself could not be printed.
            piece_ +=
                "{% set " + target + " = " + (in_namespace ? "_hil_copy(" + value + ")" : value) + " %}";
            return;
        }
        if (in_namespace || target.find(',') != std::string::npos) lexer.fail("expected `=`");
        piece_ += "{% set " + target + " %}";
        push("set", open);
    }

    void end(const Token& keyword) {
        if (open_.empty() || "end" + open_.back().keyword != keyword.text)
            throw SyntaxError(keyword.offset,
                              "this `" + keyword.text + "` closes no open block" +
                                  (open_.empty() ? "" : " (open is `" + open_.back().keyword + "`)"));
        open_.pop_back();
        piece_ += "{% " + keyword.text + " %}";
    }

    void leave_loop(const Token& keyword) {
        for (const Block& block : open_)
            if (block.keyword == "for") {
                piece_ += "{% " + keyword.text + " %}";
                return;
            }
        throw SyntaxError(keyword.offset, "`" + keyword.text + "` stands outside of a loop");
    }

    std::string_view source_;
    const std::set<std::string>& nodes_;
    std::set<std::string> locals_;
    Guarded guarded_;
    std::string piece_;
    std::vector<Block> open_;
    std::size_t position_ = 0;
    bool trim_next_ = false;
};

}  // namespace

Guarded guard_template(std::string_view source, const std::set<std::string>& nodes) {
    if (source.size() > max_template_bytes)
        throw SyntaxError(0, "the template has " + std::to_string(source.size()) + " bytes, allowed are " +
                                 std::to_string(max_template_bytes));
    return TemplateParser(source, nodes).parse();
}

}  // namespace hil::worker
