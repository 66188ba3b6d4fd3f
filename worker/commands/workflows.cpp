#include <iostream>

#include "commands/commands.hpp"
#include "commands/files.hpp"
#include "config/environment.hpp"
#include "db/protocol.hpp"

namespace hil::worker {

void check(const std::string& workflow_file, const Config& config) {
    const LoadedWorkflow loaded = workflow(workflow_file, config);
    for (const UnsetVariable& variable : unset_variables(config))
        std::cerr << "warning: " << variable.message << '\n';
    std::cout << loaded.workflow.name << ": " << loaded.workflow.nodes.size() << " nodes, "
              << loaded.workflow.edges.size() << " edges, no mistakes\n";
}

void load(const std::string& workflow_file, const Config& config) {
    require_connection_string(config);
    const LoadedWorkflow loaded = workflow(workflow_file, config);
    Connection connection(config.database_url);
    const int revision = load_workflow(connection, loaded.definition, loaded.source);
    std::cout << loaded.workflow.name << " revision " << revision << '\n';
}

void graph(const std::string& workflow_file, const std::string& format, const Config& config) {
    const LoadedWorkflow loaded = workflow(workflow_file, config);
    std::cout << (format == "dot" ? draw_dot(loaded.workflow) : draw_mermaid(loaded.workflow));
}

}  // namespace hil::worker
