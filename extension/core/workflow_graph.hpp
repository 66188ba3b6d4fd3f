// Checks how the nodes and edges of a workflow hang together. Only check_workflow calls it.
#pragma once

#include <vector>

#include "core/workflow.hpp"

namespace hil {

// Notes edges to nowhere, edges given twice, edges out of a sink, cycles, sinks that no edge reaches, and
// that there is no sink at all. The nodes and edges must stand in the order of the definition: the pointers
// count them.
void check_graph(const Workflow& workflow, std::vector<Problem>& problems);

}  // namespace hil
