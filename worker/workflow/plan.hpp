// Which nodes of a workflow may run side by side.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/workflow.hpp"

namespace hil::worker {

// The names that a node's condition and prompt and the conditions of its edges read; nothing: they may read
// any.
using NamesRead = std::optional<std::set<std::string>>;

// Indexes into the workflow's nodes.
struct Plan {
    std::vector<std::size_t> order;                   // topological: what a run does one after the other
    std::vector<std::vector<std::size_t>> waits_for;  // by node: what has to be decided before it is
};

// `reads` has one entry per node. Whoever keeps to `waits_for` executes the nodes that would be executed one
// after the other, with the same outcome, provided that each output depends only on what the node reads:
// - a node waits for the sources of its edges, and for the earlier nodes that it reads;
// - it waits for the earlier nodes that read it, which must not see it yet;
// - it waits for every earlier sink, since the first one reached ends the run;
// - a sink waits for everything earlier.
Plan plan_of(const Workflow& workflow, const std::vector<NamesRead>& reads);

}  // namespace hil::worker
