// Jinja templates and python_expr conditions, rendered by minja.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "workflow/scope.hpp"
#include "workflow/syntax_error.hpp"
#include "workflow/template_syntax.hpp"

namespace hil::worker {

// A template that parsed could not be rendered: a method that its value lacks, a division by zero, a limit.
class TemplateError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A parsed template. Copies share what was parsed; safe to use from several threads.
//
// What is undefined reads as undefined at any depth, is false, and renders as nothing; comparisons with it
// are false (`!=` is true). Output of nodes is data: a rendered text is never rendered again.
//
// Bounded per rendering: the template's length, its nesting, 100,000 operations, loop rounds and elements
// that `in` looks at, 2 seconds of computing (looked at between them), 1 MB of output and of each text that
// is put together, 4 MB of each list or map that is put together, printed, copied or compared, and range().
// Not bounded: a single operation's time.
class Template {
  public:
    // `nodes`: the ids of the workflow's nodes. Both throw SyntaxError.
    static Template text(const std::string& source, const std::set<std::string>& nodes);
    static Template condition(const std::string& expression, const std::set<std::string>& nodes);

    // Valid UTF-8, whatever the template cuts out of its texts. Throws TemplateError.
    std::string render(const Scope& scope) const;
    // Only of a condition.
    bool holds(const Scope& scope) const { return !render(scope).empty(); }

    const std::vector<VariableUse>& variables() const;

  private:
    struct Parsed;
    explicit Template(Guarded guarded);
    std::shared_ptr<const Parsed> parsed_;
};

}  // namespace hil::worker
