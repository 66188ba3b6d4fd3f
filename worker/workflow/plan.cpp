#include "workflow/plan.hpp"

#include <algorithm>

namespace hil::worker {
namespace {

bool may_read(const NamesRead& reads, const Node& node) { return !reads || reads->contains(node.id); }

bool leads(const Workflow& workflow, const Node& from, const Node& to) {
    return std::any_of(workflow.edges.begin(), workflow.edges.end(),
                       [&](const WorkflowEdge& edge) { return edge.from == from.id && edge.to == to.id; });
}

}  // namespace

Plan plan_of(const Workflow& workflow, const std::vector<NamesRead>& reads) {
    Plan plan{topological_order(workflow), std::vector<std::vector<std::size_t>>(workflow.nodes.size())};
    for (std::size_t i = 0; i < plan.order.size(); ++i) {
        const std::size_t later = plan.order[i];
        const Node& node = workflow.nodes[later];
        for (std::size_t j = 0; j < i; ++j) {
            const std::size_t earlier = plan.order[j];
            const Node& other = workflow.nodes[earlier];
            if (node.sink || other.sink || leads(workflow, other, node) || may_read(reads[later], other) ||
                may_read(reads[earlier], node))
                plan.waits_for[later].push_back(earlier);
        }
    }
    return plan;
}

}  // namespace hil::worker
