#include "core/workflow_graph.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/spelling.hpp"
#include "core/text.hpp"

namespace hil {

namespace {

std::string node_pointer(std::size_t index) { return "/workflow/nodes/" + std::to_string(index); }
std::string edge_pointer(std::size_t index) { return "/workflow/edges/" + std::to_string(index); }

// With each of the nodes a name is compared letter by letter, which a long list of mistakes is not worth.
constexpr std::size_t max_guesses = 20;

std::vector<std::string_view> ids_of(const Workflow& workflow) {
    std::vector<std::string_view> ids;
    ids.reserve(workflow.nodes.size());
    for (const Node& node : workflow.nodes) ids.push_back(node.id);
    return ids;
}

// An edge by the indexes of its nodes, and its own index in the definition.
struct Link {
    std::size_t to;
    std::size_t edge;
};
using Links = std::vector<std::vector<Link>>;  // by the index of the node that they leave

// Returns the index of each node by its id; the first one where an id is given twice.
std::unordered_map<std::string_view, std::size_t> index_nodes(const Workflow& workflow) {
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < workflow.nodes.size(); ++i) {
        if (!workflow.nodes[i].id.empty()) index.try_emplace(workflow.nodes[i].id, i);
    }
    return index;
}

// Returns the links between the nodes that exist.
Links links_of(const Workflow& workflow) {
    const auto index = index_nodes(workflow);
    Links links(workflow.nodes.size());
    for (std::size_t i = 0; i < workflow.edges.size(); ++i) {
        const auto from = index.find(workflow.edges[i].from);
        const auto to = index.find(workflow.edges[i].to);
        if (from != index.end() && to != index.end()) links[from->second].push_back({to->second, i});
    }
    return links;
}

void check_edges(const Workflow& workflow, std::vector<Problem>& problems) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (std::size_t i = 0; i < workflow.edges.size(); ++i) {
        const WorkflowEdge& edge = workflow.edges[i];
        for (const auto& [key, id] : {std::pair("/from", &edge.from), std::pair("/to", &edge.to)}) {
            if (id->empty() || workflow.node(*id)) continue;
            std::string message = "there is no node " + in_quotes(*id);
            if (problems.size() < max_guesses) message += did_you_mean(*id, ids_of(workflow));
            problems.push_back({edge_pointer(i) + key, std::move(message)});
        }
        const Node* from = workflow.node(edge.from);
        if (from && from->sink && !edge.from.empty()) {
            problems.push_back({edge_pointer(i) + "/from",
                                "no edge can lead out of " + in_quotes(edge.from) + ", which is a sink"});
        }
        if (!edge.from.empty() && !edge.to.empty() && !seen.emplace(edge.from, edge.to).second) {
            problems.push_back({edge_pointer(i), "the edge from " + in_quotes(edge.from) + " to " +
                                                     in_quotes(edge.to) + " is given twice"});
        }
    }
}

void check_sinks(const Workflow& workflow, std::vector<Problem>& problems) {
    // An edge from nowhere reaches its sink too: it has its own problem.
    std::set<std::string_view> reached;
    for (const WorkflowEdge& edge : workflow.edges) reached.insert(edge.to);
    bool any = false;
    for (std::size_t i = 0; i < workflow.nodes.size(); ++i) {
        const Node& node = workflow.nodes[i];
        if (!node.sink) continue;
        any = true;
        if (!node.id.empty() && !reached.contains(node.id)) {
            problems.push_back({node_pointer(i), "no edge reaches the sink " + in_quotes(node.id)});
        }
    }
    if (!any) problems.push_back({"/workflow/nodes", "there is no sink; a run needs one to end in"});
}

// Takes away, again and again, the nodes that no remaining edge enters or that none leaves. What remains has
// a cycle behind each of its nodes.
void prune(const Links& links, std::vector<bool>& remains) {
    for (bool changed = true; changed;) {
        changed = false;
        std::vector<bool> entered(remains.size(), false);
        std::vector<bool> left(remains.size(), false);
        for (std::size_t from = 0; from < links.size(); ++from) {
            for (const Link& link : links[from]) {
                if (!remains[from] || !remains[link.to]) continue;
                left[from] = true;
                entered[link.to] = true;
            }
        }
        for (std::size_t i = 0; i < remains.size(); ++i) {
            if (!remains[i] || (entered[i] && left[i])) continue;
            remains[i] = false;
            changed = true;
        }
    }
}

// A cycle: its nodes in the order of its edges, and the edges, the last of which leads back to the first
// node.
struct Cycle {
    std::vector<std::size_t> nodes;
    std::vector<std::size_t> edges;
};

// Finds a cycle among pruned nodes, by walking on from `start` until a node comes for the second time.
Cycle walk_cycle(const Links& links, const std::vector<bool>& remains, std::size_t start) {
    Cycle path;
    for (std::size_t at = start;;) {
        const auto seen = std::find(path.nodes.begin(), path.nodes.end(), at);
        if (seen != path.nodes.end()) {
            const auto lead_in = seen - path.nodes.begin();
            path.nodes.erase(path.nodes.begin(), seen);
            path.edges.erase(path.edges.begin(), path.edges.begin() + lead_in);
            return path;
        }
        const auto next = std::find_if(links[at].begin(), links[at].end(),
                                       [&](const Link& link) { return remains[link.to]; });
        path.nodes.push_back(at);
        path.edges.push_back(next->edge);
        at = next->to;
    }
}

// Reports cycles that have no node in common, each at the edge that closes it.
void check_cycles(const Workflow& workflow, const Links& links, std::vector<Problem>& problems) {
    std::vector<bool> remains(workflow.nodes.size(), true);
    for (;;) {
        prune(links, remains);
        const auto first = std::find(remains.begin(), remains.end(), true);
        if (first == remains.end()) return;

        Cycle cycle = walk_cycle(links, remains, static_cast<std::size_t>(first - remains.begin()));
        const auto head = std::min_element(cycle.nodes.begin(), cycle.nodes.end()) - cycle.nodes.begin();
        std::rotate(cycle.nodes.begin(), cycle.nodes.begin() + head, cycle.nodes.end());
        std::rotate(cycle.edges.begin(), cycle.edges.begin() + head, cycle.edges.end());

        std::string message = "the nodes go round in a cycle: ";
        for (const std::size_t node : cycle.nodes) {
            message += workflow.nodes[node].id + " → ";
            remains[node] = false;
        }
        message += workflow.nodes[cycle.nodes.front()].id;
        problems.push_back({edge_pointer(cycle.edges.back()), std::move(message)});
    }
}

}  // namespace

void check_graph(const Workflow& workflow, std::vector<Problem>& problems) {
    const Links links = links_of(workflow);
    check_edges(workflow, problems);
    check_sinks(workflow, problems);
    check_cycles(workflow, links, problems);
}

std::vector<std::size_t> topological_order(const Workflow& workflow) {
    const Links links = links_of(workflow);
    std::vector<std::size_t> waiting_for(workflow.nodes.size(), 0);
    for (const auto& leaving : links) {
        for (const Link& link : leaving) ++waiting_for[link.to];
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free;
    for (std::size_t i = 0; i < waiting_for.size(); ++i) {
        if (waiting_for[i] == 0) free.push(i);
    }
    std::vector<std::size_t> order;
    while (!free.empty()) {
        const std::size_t next = free.top();
        free.pop();
        order.push_back(next);
        for (const Link& link : links[next]) {
            if (--waiting_for[link.to] == 0) free.push(link.to);
        }
    }
    return order;
}

}  // namespace hil
