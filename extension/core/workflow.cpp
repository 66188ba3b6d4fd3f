#include "core/workflow.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/definition_reader.hpp"
#include "core/hil_config.hpp"
#include "core/routing.hpp"
#include "core/run_result.hpp"
#include "core/skills.hpp"
#include "core/text.hpp"
#include "core/workflow_graph.hpp"

namespace hil {

namespace {

// Tells whether a text is an identifier, so that templates and expressions can name the node.
bool is_identifier(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), part);
}

std::optional<Condition> read_condition(const DefinitionReader& parent) {
    const auto at = parent.find("condition");
    if (!at || !at->object()) return std::nullopt;
    at->only_keys({"type", "expression"});
    Condition condition;
    if (auto type = at->require("type")) {
        condition.type = type->text().value_or("");
        if (!condition.type.empty() && condition.type != "jmespath" && condition.type != "python_expr") {
            type->problem("must be jmespath or python_expr, got " + in_quotes(condition.type));
        }
    }
    if (auto expression = at->require("expression")) condition.expression = expression->text().value_or("");
    return condition;
}

void check_agent_config(const DefinitionReader& config) {
    if (auto schema = config.find("output_schema")) schema->object();
    if (auto tools = config.find("tools")) tools->texts();
    if (auto iterations = config.find("max_iterations")) iterations->integer(1);
    if (auto profile = config.find("model_profile")) profile->text();
}

// Checks what a handover sink's config says literally. A text may be a template: it is judged when it is
// rendered.
void check_handover_config(const DefinitionReader& config) {
    const auto literal = [&](std::string_view key) {
        auto at = config.find(key);
        return at && !at->value().is_string() ? at : std::nullopt;
    };
    if (auto skills = literal("required_skills")) skills->texts(max_skills);
    if (auto priority = literal("priority")) priority->integer(highest_priority, lowest_priority);
    if (auto context = literal("handover_context")) context->object();
}

// The same for a finish sink: how it closes the conversation.
void check_finish_config(const DefinitionReader& config) {
    const auto at = config.find("status");
    const auto status = at ? at->text() : std::nullopt;
    if (!status || is_resolution_status(*status) || status->find('{') != std::string::npos) return;
    at->problem("must be resolved, unresolved or escalated, or a template, got " + in_quotes(*status));
}

void read_sink(const DefinitionReader& at, Node& node) {
    at.only_keys({"id", "type", "action", "config", "condition"});
    if (auto type = at.require("type")) {
        if (type->value() != "sink") {
            type->problem("must be sink, got " + shown(type->value()) + "; an agent node has no type");
        }
    }
    const auto action = at.require("action");
    if (!action) return;
    node.action = action->text().value_or("");
    if (!node.action.empty() && node.action != action_finish && node.action != action_handover &&
        node.action != action_reply) {
        action->problem("must be finish_conversation, handover_to_human or reply_to_customer, got " +
                        in_quotes(node.action));
    }
}

void read_agent_node(const DefinitionReader& at, Node& node) {
    at.only_keys({"id", "agent", "config", "prompt_template", "condition"});
    if (auto agent = at.require("agent")) node.agent = agent->text().value_or("");
    if (auto prompt = at.find("prompt_template")) node.prompt_template = prompt->text();
}

void read_config(const DefinitionReader& parent, Node& node) {
    const auto at = parent.find("config");
    if (!at || !at->object()) return;
    if (!node.sink) check_agent_config(*at);
    if (node.action == action_finish) check_finish_config(*at);
    if (node.action == action_handover) check_handover_config(*at);
    node.config = at->value();
}

Node read_node(const DefinitionReader& at) {
    Node node;
    if (!at.object()) return node;
    if (auto id = at.require("id")) {
        node.id = id->text(max_node_id_bytes).value_or("");
        if (!node.id.empty() && !is_identifier(node.id)) {
            id->problem("must be letters, digits and underscores, not beginning with a digit, got " +
                        in_quotes(node.id));
        }
    }
    // What looks more like a sink is taken for one, so that one mistake here is not echoed by the graph.
    const bool has_agent = at.has("agent");
    const bool has_type = at.has("type");
    const bool has_action = at.has("action");
    node.sink = has_agent ? has_type && has_action : has_type || has_action;
    if (has_agent && has_type) {
        at.problem("is either an agent node (agent) or a sink (type: sink), not both");
    } else if (node.sink) {
        read_sink(at, node);
    } else if (has_agent) {
        read_agent_node(at, node);
    } else {
        at.problem("is neither an agent node (agent) nor a sink (type: sink)");
    }
    read_config(at, node);
    node.condition = read_condition(at);
    return node;
}

WorkflowEdge read_edge(const DefinitionReader& at) {
    WorkflowEdge edge;
    if (!at.object()) return edge;
    at.only_keys({"from", "to", "condition"});
    if (auto from = at.require("from")) edge.from = from->text().value_or("");
    if (auto to = at.require("to")) edge.to = to->text().value_or("");
    edge.condition = read_condition(at);
    return edge;
}

void check_ids_differ(const std::vector<DefinitionReader>& items, const std::vector<Node>& nodes) {
    std::map<std::string_view, std::size_t> first;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].id.empty()) continue;
        const auto [seen, is_new] = first.try_emplace(nodes[i].id, i);
        if (is_new) continue;
        items[i].find("id")->problem("the id " + in_quotes(nodes[i].id) + " is taken by " +
                                     items[seen->second].pointer());
    }
}

void read_nodes_and_edges(const DefinitionReader& at, Workflow& workflow, std::vector<Problem>& problems) {
    if (!at.object()) return;
    at.only_keys({"nodes", "edges"});
    const auto nodes = at.require("nodes");
    if (nodes) {
        const auto items = nodes->items(max_workflow_nodes);
        for (const DefinitionReader& node : items) workflow.nodes.push_back(read_node(node));
        check_ids_differ(items, workflow.nodes);
        if (nodes->value() == Json::array()) nodes->problem("must have at least one node");
    }
    if (auto edges = at.require("edges")) {
        for (const DefinitionReader& edge : edges->items(max_workflow_edges)) {
            workflow.edges.push_back(read_edge(edge));
        }
    }
    // Without nodes every edge would lead nowhere; the one problem that matters has been noted.
    if (!workflow.nodes.empty()) check_graph(workflow, problems);
}

std::string read_version(const DefinitionReader& at) {
    const Json& version = at.value();
    if (version.is_number()) return version.dump();
    if (version.is_string()) return version.get<std::string>();
    at.problem("must be a text or a number, got " + shown(version));
    return "";
}

}  // namespace

const Node* Workflow::node(std::string_view id) const {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == id; });
    return found == nodes.end() ? nullptr : &*found;
}

CheckedWorkflow check_workflow(const Json& definition) {
    CheckedWorkflow result;
    Workflow workflow;
    const DefinitionReader at(definition, "", result.problems);
    if (!at.object()) return result;
    at.only_keys({"name", "version", "description", "hil_config", "workflow"});
    if (auto name = at.require("name")) workflow.name = name->text(max_workflow_name_bytes).value_or("");
    if (auto version = at.find("version")) workflow.version = read_version(*version);
    const auto description = at.find("description");
    if (description && description->value() != "") workflow.description = description->text().value_or("");
    if (auto body = at.require("workflow")) read_nodes_and_edges(*body, workflow, result.problems);
    if (auto hil = at.find("hil_config")) workflow.hil = read_hil_config(*hil, workflow);
    if (result.problems.empty()) result.workflow = std::move(workflow);
    return result;
}

}  // namespace hil
