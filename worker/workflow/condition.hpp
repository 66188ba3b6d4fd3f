// The conditions of nodes and edges.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/workflow.hpp"
#include "workflow/scope.hpp"
#include "workflow/template.hpp"

namespace hil::worker {

// A parsed condition. Copies share what was parsed; safe to use from several threads.
//
// The same rules hold in both languages: a node's fields are `node.field` and `node.output.field`; what never
// ran is undefined, undefined is false at any depth, a comparison with it is false (`!=` is true), and values
// of different kinds have no order. Truth itself is each language's own: 0 is false in Python, true in
// JMESPath.
class ParsedCondition {
  public:
    // `nodes`: the ids of the workflow's nodes. Throws SyntaxError.
    static ParsedCondition parse(const Condition& condition, const std::set<std::string>& nodes);

    // A JMESPath function that is given a value of the wrong kind (also null, which undefined is there) makes
    // the condition false. Throws TemplateError for a python_expr that cannot be evaluated.
    bool holds(const Scope& scope) const;

    // The names that it reads. Of a jmespath only those outside of brackets and before the first pipe.
    const std::vector<VariableUse>& variables() const;

  private:
    struct Path;
    std::shared_ptr<const Path> path_;  // of a jmespath
    std::optional<Template> template_;  // of a python_expr
};

}  // namespace hil::worker
