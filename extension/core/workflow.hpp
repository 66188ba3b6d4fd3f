// The definition of a workflow: its model, and the checks that it must pass.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"

namespace hil {

inline constexpr std::size_t max_workflow_nodes = 200;
inline constexpr std::size_t max_workflow_edges = 1000;
inline constexpr std::size_t max_workflow_name_bytes = 200;
inline constexpr std::size_t max_node_id_bytes = 100;
inline constexpr std::size_t max_patterns = 100;
inline constexpr std::size_t max_pattern_bytes = 200;
inline constexpr std::size_t max_escalation_steps = 20;
inline constexpr std::size_t max_notify_bytes = 200;

// The actions that a sink may have.
inline constexpr std::string_view action_finish = "finish_conversation";
inline constexpr std::string_view action_handover = "handover_to_human";
inline constexpr std::string_view action_reply = "reply_to_customer";

// One mistake in a definition. `pointer` is the JSON pointer (RFC 6901) of the value that is wrong; of the
// object that lacks it where something is missing; "" is the whole definition.
struct Problem {
    std::string pointer;
    std::string message;
};

// When a node runs or an edge fires. The core knows the types and leaves the syntax to the worker.
struct Condition {
    std::string type;  // jmespath or python_expr
    std::string expression;
};

// A step of the workflow: an agent node, which asks a model, or a sink, which ends the run.
struct Node {
    std::string id;
    bool sink = false;
    std::string agent;   // agent nodes: the name of the preset
    std::string action;  // sinks: one of the actions above
    Json config = Json::object();
    std::optional<std::string> prompt_template;
    std::optional<Condition> condition;
};

struct WorkflowEdge {
    std::string from;
    std::string to;
    std::optional<Condition> condition;
};

// What is done about a conversation that has waited so long.
struct EscalationStep {
    int after_seconds = 0;                             // of waiting
    std::optional<int> priority = std::nullopt;        // at least so urgent, 1 (highest) to 10
    std::optional<std::vector<std::string>> skills =   // sorted; in a rule: required in place of its skill,
        std::nullopt;                                  // in a queue entry: all that is required from now on
    std::optional<std::string> notify = std::nullopt;  // told to whoever listens to the queue
    bool back_to_ai = false;                           // the wait is over; the last step of its rule
    bool deadline = false;                             // of a queue entry: the longest allowed wait is over

    bool operator==(const EscalationStep&) const = default;
};

// What a required skill means for the queue.
struct RoutingRule {
    std::string skill;
    std::optional<int> priority;          // 1 (highest) to 10
    std::optional<int> max_wait_seconds;  // `max_wait_time` in the definition
    // Ascending; nothing where the rule has no `escalation`: then the longest wait itself makes it most
    // urgent.
    std::optional<std::vector<EscalationStep>> escalation = std::nullopt;
};

// The part of the definition that says when a human takes over, and how.
struct HilConfig {
    bool enabled = true;  // false switches the triggers off; sinks and hil_handover still hand over
    std::optional<double> confidence_threshold;  // 0 to 1
    std::optional<std::string> confidence_node;  // only this node's confidence counts
    std::vector<std::string> explicit_patterns;  // empty: no such trigger
    bool agent_decision = false;
    std::optional<int> error_threshold;
    std::vector<std::string>
        complexity_levels;  // empty: no such trigger; {"high"} when the trigger names none
    std::vector<RoutingRule> routing_rules;
    std::map<std::string, std::string> messages;
};

struct Workflow {
    std::string name;
    std::string version;  // as written; a number is kept as its text
    std::string description;
    HilConfig hil;
    std::vector<Node> nodes;
    std::vector<WorkflowEdge> edges;

    // Returns the node with this id, or nullptr. The pointer lives as long as `nodes` is not changed.
    const Node* node(std::string_view id) const;
};

// What became of a definition: the workflow, or everything that is wrong with it. `workflow` is set if and
// only if `problems` is empty.
struct CheckedWorkflow {
    std::optional<Workflow> workflow;
    std::vector<Problem> problems;
};

// Checks a definition (the YAML file as JSON) and reads it. Reports all mistakes at once,
// and never throws for what the definition contains. The definition must not be nested deeper than
// max_json_depth, which parse_json has made sure of.
CheckedWorkflow check_workflow(const Json& definition);

// Returns indexes into `nodes` so that every edge leads forward; nodes that are free to go first come in the
// order in which they were declared. The workflow must have passed check_workflow.
std::vector<std::size_t> topological_order(const Workflow& workflow);

// Returns what the customer is told: hil_config.messages[key], or the default text. The keys are handover,
// no_sink, error, queued and sent_to_agent; any other key is a mistake of the caller (std::invalid_argument).
const std::string& message_text(const HilConfig& hil, std::string_view key);

}  // namespace hil
