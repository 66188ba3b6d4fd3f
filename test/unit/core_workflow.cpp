#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/workflow.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

// The definition that customer_support_hil.yaml becomes, with prompts and expressions shortened.
Json seed_definition() {
    return Json::parse(R"json({
  "name": "customer_support_hil",
  "version": "2.0.0",
  "description": "Customer support with HIL capabilities",
  "hil_config": {
    "enabled": true,
    "handover_triggers": [
      {"type": "confidence_threshold", "threshold": 0.7},
      {"type": "explicit_request", "patterns": ["speak to human", "talk to agent", "escalate"]},
      {"type": "agent_decision"},
      {"type": "error_threshold", "consecutive_errors": 3},
      {"type": "complexity"}
    ],
    "routing_rules": [
      {"skill": "returns", "priority": 5, "max_wait_time": 300},
      {"skill": "technical", "priority": 3, "max_wait_time": 180},
      {"skill": "billing", "priority": 7, "max_wait_time": 600}
    ]
  },
  "workflow": {
    "nodes": [
      {"id": "classify_intent", "agent": "simple_intent_classifier",
       "config": {"model_profile": "fast", "output_schema": {"intent": "string", "confidence": "float",
                  "complexity": "string", "needs_human": "boolean"}}},
      {"id": "check_confidence", "agent": "simple_evaluator", "config": {"model_profile": "fast"},
       "prompt_template": "Intent: {{classify_intent.intent}}\n"},
      {"id": "handle_with_ai", "agent": "reasoning_support_agent",
       "config": {"model_profile": "balanced", "tools": ["shopify.*", "gmail.send_email"],
                  "max_iterations": 10},
       "condition": {"type": "jmespath", "expression": "check_confidence.output.can_handle == true"}},
      {"id": "evaluate_result", "agent": "simple_evaluator", "config": {"model_profile": "fast"},
       "prompt_template": "Original request: {{customer_message}}\n"},
      {"id": "FINISH", "type": "sink", "action": "finish_conversation",
       "config": {"status": "resolved", "update_analytics": true},
       "condition": {"type": "jmespath",
         "expression": "evaluate_result.output.resolved == true && \nevaluate_result.output.resolved\n"}},
      {"id": "HANDOVER", "type": "sink", "action": "handover_to_human",
       "config": {"required_skills": "{% if true %}['returns', 'order_management']\n{% endif %}\n",
                  "priority": "{% if true %}3\n{% endif %}\n",
                  "handover_context": {"ai_attempted": true, "ai_result": "{{handle_with_ai}}"}},
       "condition": {"type": "python_expr",
         "expression": "(check_confidence.output.can_handle == false) or\n(x.output.needs_human == true)\n"}}
    ],
    "edges": [
      {"from": "classify_intent", "to": "check_confidence"},
      {"from": "check_confidence", "to": "handle_with_ai",
       "condition": {"type": "jmespath", "expression": "output.can_handle == true"}},
      {"from": "check_confidence", "to": "HANDOVER",
       "condition": {"type": "jmespath", "expression": "output.can_handle == false"}},
      {"from": "handle_with_ai", "to": "evaluate_result"},
      {"from": "evaluate_result", "to": "FINISH",
       "condition": {"type": "jmespath",
         "expression": "output.resolved == true && output.needs_handover == false"}},
      {"from": "evaluate_result", "to": "HANDOVER",
       "condition": {"type": "jmespath", "expression": "output.needs_handover == true"}}
    ]
  }
})json");
}

std::string all_problems(const CheckedWorkflow& checked) {
    std::string text;
    for (const Problem& problem : checked.problems) text += problem.pointer + ": " + problem.message + "\n";
    return text;
}

Workflow read(const Json& definition) {
    CheckedWorkflow checked = check_workflow(definition);
    EXPECT_EQ(all_problems(checked), "");
    return checked.workflow.value_or(Workflow{});
}

// The smallest workflow: one agent node that ends in one sink.
Json small() {
    return {{"name", "small"},
            {"workflow",
             {{"nodes",
               {{{"id", "answer"}, {"agent", "a"}},
                {{"id", "END"}, {"type", "sink"}, {"action", "reply_to_customer"}}}},
              {"edges", {{{"from", "answer"}, {"to", "END"}}}}}}};
}

// A workflow of agent nodes named as given, with edges like "a>b", and a sink END behind the first node.
Json graph(const std::vector<std::string>& nodes, const std::vector<std::string>& edges) {
    Json definition = {{"name", "graph"}, {"workflow", {{"nodes", Json::array()}, {"edges", Json::array()}}}};
    Json& body = definition["workflow"];
    for (const std::string& id : nodes) body["nodes"].push_back({{"id", id}, {"agent", "a"}});
    body["nodes"].push_back({{"id", "END"}, {"type", "sink"}, {"action", "finish_conversation"}});
    for (const std::string& edge : edges) {
        const std::size_t arrow = edge.find('>');
        body["edges"].push_back({{"from", edge.substr(0, arrow)}, {"to", edge.substr(arrow + 1)}});
    }
    body["edges"].push_back({{"from", nodes.front()}, {"to", "END"}});
    return definition;
}

TEST(Workflow, TheSeedsWorkflowPasses) {
    const Workflow workflow = read(seed_definition());
    EXPECT_EQ(workflow.name, "customer_support_hil");
    EXPECT_EQ(workflow.version, "2.0.0");
    EXPECT_EQ(workflow.description, "Customer support with HIL capabilities");

    const HilConfig& hil = workflow.hil;
    EXPECT_TRUE(hil.enabled);
    EXPECT_EQ(hil.confidence_threshold, 0.7);
    EXPECT_EQ(hil.confidence_node, std::nullopt);
    EXPECT_EQ(hil.explicit_patterns,
              (std::vector<std::string>{"speak to human", "talk to agent", "escalate"}));
    EXPECT_TRUE(hil.agent_decision);
    EXPECT_EQ(hil.error_threshold, 3);
    EXPECT_EQ(hil.complexity_levels, std::vector<std::string>{"high"});
    ASSERT_EQ(hil.routing_rules.size(), 3u);
    EXPECT_EQ(hil.routing_rules[1].skill, "technical");
    EXPECT_EQ(hil.routing_rules[1].priority, 3);
    EXPECT_EQ(hil.routing_rules[1].max_wait_seconds, 180);

    ASSERT_EQ(workflow.nodes.size(), 6u);
    const Node* handle = workflow.node("handle_with_ai");
    ASSERT_TRUE(handle);
    EXPECT_FALSE(handle->sink);
    EXPECT_EQ(handle->agent, "reasoning_support_agent");
    EXPECT_EQ(handle->config["tools"], Json::parse(R"(["shopify.*", "gmail.send_email"])"));
    EXPECT_EQ(handle->prompt_template, std::nullopt);
    ASSERT_TRUE(handle->condition);
    EXPECT_EQ(handle->condition->type, "jmespath");
    const Node* handover = workflow.node("HANDOVER");
    ASSERT_TRUE(handover);
    EXPECT_TRUE(handover->sink);
    EXPECT_EQ(handover->action, "handover_to_human");
    EXPECT_EQ(handover->config["handover_context"]["ai_attempted"], true);
    EXPECT_EQ(handover->condition->type, "python_expr");
    EXPECT_EQ(workflow.node("nowhere"), nullptr);

    ASSERT_EQ(workflow.edges.size(), 6u);
    EXPECT_EQ(workflow.edges[0].condition.has_value(), false);
    EXPECT_EQ(workflow.edges[2].condition->expression, "output.can_handle == false");
}

TEST(Workflow, WithoutHilConfigNoTriggerIsSet) {
    const Workflow workflow = read(small());
    EXPECT_TRUE(workflow.hil.enabled);
    EXPECT_EQ(workflow.hil.confidence_threshold, std::nullopt);
    EXPECT_TRUE(workflow.hil.explicit_patterns.empty());
    EXPECT_FALSE(workflow.hil.agent_decision);
    EXPECT_EQ(workflow.hil.error_threshold, std::nullopt);
    EXPECT_TRUE(workflow.hil.complexity_levels.empty());
    EXPECT_EQ(workflow.node("END")->config, Json::object());
}

TEST(Workflow, VersionMayBeANumber) {
    Json definition = small();
    definition["version"] = 2;
    EXPECT_EQ(read(definition).version, "2");
    definition["version"] = 2.5;
    EXPECT_EQ(read(definition).version, "2.5");
}

TEST(Workflow, EverythingThatMayBeSaidIsAccepted) {
    Json definition = small();
    definition["description"] = "";
    definition["hil_config"] = Json::parse(R"json({
      "enabled": false,
      "handover_triggers": [
        {"type": "confidence_threshold", "threshold": 1, "node": "answer"},
        {"type": "complexity", "levels": ["medium", "high"]}],
      "routing_rules": [{"skill": " vip ", "escalation": [
        {"after": 60, "priority": 1, "skills": ["vip", "manager"], "notify": "vip_waits"},
        {"after": 120, "back_to_ai": true}]}],
      "messages": {"queued": "Please wait."}})json");
    const HilConfig hil = read(definition).hil;
    EXPECT_FALSE(hil.enabled);
    EXPECT_EQ(hil.confidence_threshold, 1.0);
    EXPECT_EQ(hil.confidence_node, "answer");
    EXPECT_EQ(hil.complexity_levels, (std::vector<std::string>{"medium", "high"}));
    EXPECT_EQ(hil.routing_rules.at(0).skill, "vip");
    EXPECT_EQ(hil.routing_rules.at(0).priority, std::nullopt);
    EXPECT_EQ(hil.routing_rules.at(0).escalation,
              (std::vector<EscalationStep>{{.after_seconds = 60,
                                            .priority = 1,
                                            .skills = std::vector<std::string>{"manager", "vip"},
                                            .notify = "vip_waits"},
                                           {.after_seconds = 120, .back_to_ai = true}}));
}

TEST(Workflow, ANodesConfigIsItsOwn) {
    Json definition = small();
    definition["workflow"]["nodes"][0]["config"] = {{"temperature", 0.2}, {"anything", {{"at", "all"}}}};
    EXPECT_EQ(read(definition).node("answer")->config["temperature"], 0.2);
}

TEST(Workflow, MessagesAreTheWorkflowsOrTheDefaults) {
    HilConfig hil;
    EXPECT_EQ(message_text(hil, "handover"),
              "Your request has been escalated to a human agent. You'll be connected shortly.");
    EXPECT_EQ(message_text(hil, "no_sink"), "Let me connect you with a human agent.");
    EXPECT_EQ(message_text(hil, "error"),
              "I'm having trouble processing your request. Let me connect you with a human agent.");
    EXPECT_EQ(message_text(hil, "queued"), "You're in the queue. A human agent will be with you shortly.");
    EXPECT_EQ(message_text(hil, "sent_to_agent"), "Message sent to agent");
    EXPECT_THROW(message_text(hil, "goodbye"), std::invalid_argument);

    Json definition = small();
    definition["hil_config"]["messages"]["queued"] = "Bitte warten.";
    hil = read(definition).hil;
    EXPECT_EQ(message_text(hil, "queued"), "Bitte warten.");
    EXPECT_EQ(message_text(hil, "no_sink"), "Let me connect you with a human agent.");
}

std::vector<std::string> order_of(const Json& definition) {
    const Workflow workflow = read(definition);
    std::vector<std::string> ids;
    for (const std::size_t index : topological_order(workflow)) ids.push_back(workflow.nodes.at(index).id);
    return ids;
}

TEST(TopologicalOrder, FollowsTheEdges) {
    EXPECT_EQ(order_of(seed_definition()),
              (std::vector<std::string>{"classify_intent", "check_confidence", "handle_with_ai",
                                        "evaluate_result", "FINISH", "HANDOVER"}));
    EXPECT_EQ(order_of(graph({"d", "c", "b", "a"}, {"a>b", "b>c", "c>d"})),
              (std::vector<std::string>{"a", "b", "c", "d", "END"}));
}

TEST(TopologicalOrder, BreaksTiesAsDeclared) {
    EXPECT_EQ(order_of(graph({"z", "a", "m"}, {})), (std::vector<std::string>{"z", "a", "m", "END"}));
    // When a frees both, they come as declared, whatever the order of the edges.
    EXPECT_EQ(order_of(graph({"c", "b", "a"}, {"a>b", "a>c"})),
              (std::vector<std::string>{"a", "c", "b", "END"}));
}

TEST(Workflow, TheLargestGraphIsCheckedAndSorted) {
    std::vector<std::string> nodes;
    std::vector<std::string> edges;
    nodes.reserve(199);
    for (int i = 0; i < 199; ++i) nodes.push_back("n" + std::to_string(i));
    for (int from = 0; from < 199 && edges.size() < 999; ++from) {
        for (int to = from + 1; to < 199 && edges.size() < 999; ++to) {
            edges.push_back(nodes[from] + ">" + nodes[to]);
        }
    }
    EXPECT_EQ(order_of(graph(nodes, edges)).size(), 200u);
}

}  // namespace
}  // namespace hil
