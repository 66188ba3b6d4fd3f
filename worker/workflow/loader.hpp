// Reads a workflow file and finds every mistake in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/workflow.hpp"
#include "workflow/catalogue.hpp"
#include "workflow/mistake.hpp"

namespace hil::worker {

struct LoadedWorkflow {
    Workflow workflow;
    Json definition;     // the YAML as JSON: what hil_load_workflow takes
    std::string source;  // the YAML as written
};

// `loaded` is set if and only if there are no errors. Errors and warnings come in the order of the file.
struct LoadResult {
    std::optional<LoadedWorkflow> loaded;
    std::vector<Mistake> errors;
    std::vector<Mistake> warnings;
};

// Reports, in one go: YAML mistakes (a syntax error ends the reading, all else does not), what check_workflow
// finds, the syntax of every condition and template, unknown agents and model profiles, bad output schemas.
// Warns of tools that do not exist and of names that nothing in the workflow has.
LoadResult load_workflow_text(const std::string& source, const Catalogue& catalogue);

// The same for a definition that comes back from the database: line 0, and the JSON pointer in the message.
LoadResult load_workflow_definition(const Json& definition, const Catalogue& catalogue);

// The workflow as a Mermaid flowchart or a Graphviz digraph, sinks rounded, conditions on their edges.
std::string draw_mermaid(const Workflow& workflow);
std::string draw_dot(const Workflow& workflow);

}  // namespace hil::worker
