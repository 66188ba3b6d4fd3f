// Workflows: loading, activating, and finding the one that a conversation runs.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/workflow.hpp"
#include "pg/statement.hpp"

namespace hil::engine {

// A stored definition that does not pass the checks: this version of hil is stricter than the one that loaded
// it, or somebody edited it. A fault of nobody who calls; conversations go to people.
class UnreadableDefinition : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

// One revision, with its definition read. Shared by all conversations of this backend; revisions never
// change.
struct Revision {
    std::string name;
    std::int32_t number;
    std::shared_ptr<const Workflow> workflow;
};

// The active revision of a conversation's workflow: the one `named` for it, else hil.default_workflow, else
// the only one there is. Nothing where no workflow is loaded at all. Refusal(not_found) where the named one
// does not exist, Refusal(invalid_argument) where several are loaded and none is named.
std::optional<Revision> workflow_of(const std::optional<std::string>& named);

// The same for whoever has looked before: std::logic_error where none is loaded.
Revision loaded_workflow_of(const std::optional<std::string>& named);

// The configuration by which a conversation is routed: of its active workflow, or of the revision that a run
// started with. Empty where none can be told or the stored definition cannot be read (a newer version may
// check it more strictly): a conversation must reach people all the same.
HilConfig config_of(const std::optional<std::string>& named);
HilConfig config_of(const std::string& name, std::int32_t number);

// A stored revision. Refusal(not_found) where there is none.
Revision revision(const std::string& name, std::int32_t number);

// Refusal(not_found) where no revision of this name is active.
void require_workflow(const std::string& name);

std::int32_t load_workflow(const pg::Document& definition, const std::optional<std::string>& source);
void activate_workflow(const std::string& name, std::int32_t number);
pg::JsonText definition(const std::string& name, std::int32_t number);

}  // namespace hil::engine
