// What a workflow's templates, conditions and configs can name, so that a slip of the pen is noticed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "workflow/catalogue.hpp"
#include "workflow/expression_syntax.hpp"

namespace hil::worker {

// A name that nothing has, and what is to be said of it.
struct UnknownName {
    std::size_t offset = 0;  // in the text that uses it
    std::string message;
};

// The names of one definition, right or wrong.
class KnownNames {
  public:
    void add_node(const Json& node, const Catalogue& catalogue);

    // The ids of all nodes.
    const std::set<std::string>& ids() const { return ids_; }

    // Tells whether runs themselves have a variable of this name.
    static bool is_variable(const std::string& name);

    // What is wrong with a use of a variable or of one of its fields. `edge_from`: the node whose output the
    // variable `output` is, nullptr where there is no such variable.
    std::optional<UnknownName> complaint(const VariableUse& use, const std::string* edge_from) const;

  private:
    std::optional<UnknownName> field_complaint(const VariableUse& use, const std::string& node) const;

    std::set<std::string> ids_;
    std::map<std::string, std::vector<std::string>> fields_;  // of nodes whose output's fields are known
};

// What is to be said of a key of a node's config; nothing where the kind of node knows it. `action`: of a
// sink; nullptr: the node is an agent node.
std::optional<std::string> config_key_complaint(const std::string* action, const std::string& key);

}  // namespace hil::worker
