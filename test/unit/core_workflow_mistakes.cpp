// Every mistake that a definition can hold is found, and pointed at.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/workflow.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

// A valid workflow with one of everything, in which each test spoils something.
Json valid() {
    return Json::parse(R"json({
      "name": "support",
      "hil_config": {
        "handover_triggers": [
          {"type": "confidence_threshold", "threshold": 0.7, "node": "first"},
          {"type": "explicit_request", "patterns": ["human"]},
          {"type": "error_threshold", "consecutive_errors": 3},
          {"type": "complexity", "levels": ["high"]}],
        "routing_rules": [{"skill": "billing", "priority": 5, "max_wait_time": 60,
                           "escalation": [{"after": 30, "priority": 1},
                                          {"after": 90, "back_to_ai": true}]}],
        "messages": {"queued": "Wait."}},
      "workflow": {
        "nodes": [
          {"id": "first", "agent": "a", "config": {}, "prompt_template": "p",
           "condition": {"type": "jmespath", "expression": "x"}},
          {"id": "second", "agent": "a"},
          {"id": "FINISH", "type": "sink", "action": "finish_conversation"},
          {"id": "HANDOVER", "type": "sink", "action": "handover_to_human", "config": {}}],
        "edges": [
          {"from": "first", "to": "second"},
          {"from": "second", "to": "FINISH", "condition": {"type": "python_expr", "expression": "x"}},
          {"from": "second", "to": "HANDOVER"}]}})json");
}

struct Mistake {
    const char* at;       // pointer to the value that is set, "-" before it for one that is taken away
    const char* value;    // JSON
    const char* pointer;  // where the problem is reported
    const char* message;  // a part of what it says
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.at << " = " << mistake.value; }

class WorkflowMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(WorkflowMistake, IsReportedAloneAndWithItsPointer) {
    const Mistake& mistake = GetParam();
    Json definition = valid();
    ASSERT_TRUE(check_workflow(definition).workflow);
    const std::string at = mistake.at;
    if (at.starts_with("-")) {
        definition = definition.patch({{{"op", "remove"}, {"path", at.substr(1)}}});
    } else {
        definition = definition.patch({{{"op", "add"}, {"path", at}, {"value", Json::parse(mistake.value)}}});
    }
    const CheckedWorkflow checked = check_workflow(definition);
    EXPECT_FALSE(checked.workflow);
    ASSERT_EQ(checked.problems.size(), 1u);
    EXPECT_EQ(checked.problems[0].pointer, mistake.pointer);
    EXPECT_TRUE(says(checked.problems[0].message, mistake.message));
}

INSTANTIATE_TEST_SUITE_P(
    Document, WorkflowMistake,
    ::testing::Values(
        Mistake{"/nmae", R"("x")", "/nmae", "unknown key \"nmae\"; known here are name, version"},
        Mistake{"/a~1b~0c", "1", "/a~1b~0c", "unknown key \"a/b~c\""},
        Mistake{"-/name", "", "", "lacks the key \"name\""},
        Mistake{"/name", "5", "/name", "must be a text, got 5"},
        Mistake{"/name", R"(" ")", "/name", "must not be blank"},
        Mistake{"/version", "[]", "/version", "must be a text or a number, got a list"},
        Mistake{"/version", "null", "/version", "got null"},
        Mistake{"/description", "5", "/description", "must be a text"},
        Mistake{"-/workflow", "", "", "lacks the key \"workflow\""},
        Mistake{"/workflow", "[]", "/workflow", "must be an object, got a list"},
        Mistake{"/workflow/steps", "[]", "/workflow/steps", "unknown key \"steps\""},
        Mistake{"/workflow/nodes/0/config/output_schema", R"("string")",
                "/workflow/nodes/0/config/output_schema", "must be an object"},
        Mistake{"/workflow/nodes/0/config/tools", R"("shopify.*")", "/workflow/nodes/0/config/tools",
                "must be a list"},
        Mistake{"/workflow/nodes/0/config/tools", R"(["a", 5])", "/workflow/nodes/0/config/tools/1",
                "must be a text, got 5"},
        Mistake{"/workflow/nodes/0/config/max_iterations", "0", "/workflow/nodes/0/config/max_iterations",
                "must be an integer of at least 1, got 0"},
        Mistake{"/workflow/nodes/0/config/max_iterations", "1.5", "/workflow/nodes/0/config/max_iterations",
                "must be an integer"},
        Mistake{"/workflow/nodes/0/config/model_profile", "5", "/workflow/nodes/0/config/model_profile",
                "must be a text"}));

INSTANTIATE_TEST_SUITE_P(
    Node, WorkflowMistake,
    ::testing::Values(
        Mistake{
            "/workflow/nodes/0/promt_template", R"("p")", "/workflow/nodes/0/promt_template",
            "unknown key \"promt_template\"; known here are id, agent, config, prompt_template, condition; "
            "did you mean prompt_template?"},
        Mistake{"/workflow/nodes/0/action", R"("finish_conversation")", "/workflow/nodes/0/action",
                "unknown key"},
        Mistake{"/workflow/nodes/2/prompt_template", R"("p")", "/workflow/nodes/2/prompt_template",
                "unknown key"},
        Mistake{"/workflow/nodes/4", "5", "/workflow/nodes/4", "must be an object, got 5"},
        Mistake{"/workflow/nodes/4", R"({"agent": "a"})", "/workflow/nodes/4", "lacks the key \"id\""},
        Mistake{"/workflow/nodes/4", R"({"id": "1st", "agent": "a"})", "/workflow/nodes/4/id",
                "must be letters, digits and underscores, not beginning with a digit, got \"1st\""},
        Mistake{"/workflow/nodes/4", R"({"id": "a-b", "agent": "a"})", "/workflow/nodes/4/id", "got \"a-b\""},
        Mistake{"/workflow/nodes/4", R"({"id": "größe", "agent": "a"})", "/workflow/nodes/4/id",
                "got \"größe\""},
        Mistake{"/workflow/nodes/4", R"({"id": "first", "agent": "a"})", "/workflow/nodes/4/id",
                "the id \"first\" is taken by /workflow/nodes/0"},
        Mistake{"/workflow/nodes/4", R"({"id": "third"})", "/workflow/nodes/4", "neither an agent node"},
        Mistake{"/workflow/nodes/0/type", R"("sink")", "/workflow/nodes/0", "not both"},
        Mistake{"/workflow/nodes/2/type", R"("sinc")", "/workflow/nodes/2/type",
                "must be sink, got \"sinc\""},
        Mistake{"-/workflow/nodes/2/type", "", "/workflow/nodes/2", "lacks the key \"type\""},
        Mistake{"-/workflow/nodes/2/action", "", "/workflow/nodes/2", "lacks the key \"action\""},
        Mistake{"/workflow/nodes/2/action", R"("hang_up")", "/workflow/nodes/2/action",
                "must be finish_conversation, handover_to_human or reply_to_customer, got \"hang_up\""},
        Mistake{"/workflow/nodes/0/agent", "5", "/workflow/nodes/0/agent", "must be a text"},
        Mistake{"/workflow/nodes/0/prompt_template", "5", "/workflow/nodes/0/prompt_template",
                "must be a text"},
        Mistake{"/workflow/nodes/0/config", "[]", "/workflow/nodes/0/config", "must be an object"},
        Mistake{"/workflow/nodes/0/condition", R"("x")", "/workflow/nodes/0/condition", "must be an object"},
        Mistake{"/workflow/nodes/0/condition/typ", "1", "/workflow/nodes/0/condition/typ", "unknown key"},
        Mistake{"/workflow/nodes/0/condition/type", R"("lua")", "/workflow/nodes/0/condition/type",
                "must be jmespath or python_expr, got \"lua\""},
        Mistake{"-/workflow/nodes/0/condition/type", "", "/workflow/nodes/0/condition",
                "lacks the key \"type\""},
        Mistake{"/workflow/edges/1/condition/expression", R"(" ")", "/workflow/edges/1/condition/expression",
                "must not be blank"},
        Mistake{"-/workflow/edges/1/condition/expression", "", "/workflow/edges/1/condition",
                "lacks the key \"expression\""},
        Mistake{"/workflow/nodes/3/config/priority", "11", "/workflow/nodes/3/config/priority",
                "must be an integer between 1 and 10, got 11"},
        Mistake{"/workflow/nodes/3/config/required_skills", "[5]",
                "/workflow/nodes/3/config/required_skills/0", "must be a text"},
        Mistake{"/workflow/nodes/3/config/handover_context", "[]",
                "/workflow/nodes/3/config/handover_context", "must be an object"}));

INSTANTIATE_TEST_SUITE_P(
    Edge, WorkflowMistake,
    ::testing::Values(
        Mistake{"/workflow/edges/3", "[]", "/workflow/edges/3", "must be an object"},
        Mistake{"/workflow/edges/0/when", "1", "/workflow/edges/0/when", "unknown key"},
        Mistake{"/workflow/edges/3", R"({"from": "first"})", "/workflow/edges/3", "lacks the key \"to\""},
        Mistake{"/workflow/edges/3", R"({"from": "first", "to": "nowhere"})", "/workflow/edges/3/to",
                "there is no node \"nowhere\""},
        Mistake{"/workflow/edges/3", R"({"from": "first", "to": "secnod"})", "/workflow/edges/3/to",
                "there is no node \"secnod\"; did you mean second?"},
        Mistake{"/workflow/edges/3", R"({"from": "nowhere", "to": "FINISH"})", "/workflow/edges/3/from",
                "there is no node \"nowhere\""},
        Mistake{"/workflow/edges/3", R"({"from": "first", "to": "second"})", "/workflow/edges/3",
                "the edge from \"first\" to \"second\" is given twice"},
        Mistake{"/workflow/edges/3", R"({"from": "FINISH", "to": "HANDOVER"})", "/workflow/edges/3/from",
                "no edge can lead out of \"FINISH\", which is a sink"},
        Mistake{"/workflow/edges/3", R"({"from": "second", "to": "first"})", "/workflow/edges/3",
                "cycle: first → second → first"},
        Mistake{"/workflow/edges/3", R"({"from": "second", "to": "second"})", "/workflow/edges/3",
                "cycle: second → second"},
        Mistake{"-/workflow/edges/2", "", "/workflow/nodes/3", "no edge reaches the sink \"HANDOVER\""}));

INSTANTIATE_TEST_SUITE_P(
    HilConfig, WorkflowMistake,
    ::testing::Values(
        Mistake{"/hil_config", "null", "/hil_config", "must be an object, got null"},
        Mistake{"/hil_config/trigers", "[]", "/hil_config/trigers", "unknown key"},
        Mistake{"/hil_config/enabled", R"("yes")", "/hil_config/enabled",
                "must be true or false, got \"yes\""},
        Mistake{"/hil_config/handover_triggers", "{}", "/hil_config/handover_triggers", "must be a list"},
        Mistake{"/hil_config/handover_triggers/4", R"({})", "/hil_config/handover_triggers/4",
                "lacks the key \"type\""},
        Mistake{"/hil_config/handover_triggers/4", R"("x")", "/hil_config/handover_triggers/4",
                "must be an object"},
        Mistake{"/hil_config/handover_triggers/4", R"({"type": "mood"})",
                "/hil_config/handover_triggers/4/type", "unknown trigger \"mood\""},
        Mistake{"/hil_config/handover_triggers/4", R"({"type": "complexity"})",
                "/hil_config/handover_triggers/4/type", "complexity is given twice"},
        Mistake{"/hil_config/handover_triggers/4", R"({"type": "agent_decision", "patterns": ["x"]})",
                "/hil_config/handover_triggers/4/patterns", "unknown key"},
        Mistake{"/hil_config/handover_triggers/0/treshold", "1", "/hil_config/handover_triggers/0/treshold",
                "unknown key"},
        Mistake{"-/hil_config/handover_triggers/0/threshold", "", "/hil_config/handover_triggers/0",
                "lacks the key \"threshold\""},
        Mistake{"/hil_config/handover_triggers/0/threshold", "70",
                "/hil_config/handover_triggers/0/threshold", "must be a number between 0 and 1, got 70"},
        Mistake{"/hil_config/handover_triggers/0/threshold", "-0.1",
                "/hil_config/handover_triggers/0/threshold", "got -0.1"},
        Mistake{"/hil_config/handover_triggers/0/threshold", R"("0.7")",
                "/hil_config/handover_triggers/0/threshold", "got \"0.7\""},
        Mistake{"/hil_config/handover_triggers/0/node", R"("nowhere")",
                "/hil_config/handover_triggers/0/node", "there is no agent node \"nowhere\""},
        Mistake{"/hil_config/handover_triggers/0/node", R"("FINISH")", "/hil_config/handover_triggers/0/node",
                "there is no agent node \"FINISH\""},
        Mistake{"-/hil_config/handover_triggers/1/patterns", "", "/hil_config/handover_triggers/1",
                "lacks the key \"patterns\""},
        Mistake{"/hil_config/handover_triggers/1/patterns", "[]", "/hil_config/handover_triggers/1/patterns",
                "at least one"},
        Mistake{"/hil_config/handover_triggers/1/patterns/1", R"("")",
                "/hil_config/handover_triggers/1/patterns/1", "must not be blank"},
        Mistake{"/hil_config/handover_triggers/1/patterns/1", "5",
                "/hil_config/handover_triggers/1/patterns/1", "must be a text"},
        Mistake{"/hil_config/handover_triggers/2/consecutive_errors", "0",
                "/hil_config/handover_triggers/2/consecutive_errors",
                "must be an integer of at least 1, got 0"},
        Mistake{"/hil_config/handover_triggers/2/consecutive_errors", "9223372036854775808",
                "/hil_config/handover_triggers/2/consecutive_errors", "must be an integer"},
        Mistake{"-/hil_config/handover_triggers/2/consecutive_errors", "", "/hil_config/handover_triggers/2",
                "lacks the key"},
        Mistake{"/hil_config/handover_triggers/3/levels", R"("high")",
                "/hil_config/handover_triggers/3/levels", "must be a list"},
        Mistake{"/hil_config/handover_triggers/3/levels", "[]", "/hil_config/handover_triggers/3/levels",
                "at least one"},
        Mistake{"/hil_config/handover_triggers/3/levels/0", "3", "/hil_config/handover_triggers/3/levels/0",
                "must be a text"},
        Mistake{"/hil_config/messages", "[]", "/hil_config/messages", "must be an object"},
        Mistake{"/hil_config/messages/goodbye", R"("x")", "/hil_config/messages/goodbye",
                "unknown key \"goodbye\"; known here are handover, no_sink, error, queued, sent_to_agent"},
        Mistake{"/hil_config/messages/queued", R"("")", "/hil_config/messages/queued", "must not be blank"}));

INSTANTIATE_TEST_SUITE_P(
    RoutingRule, WorkflowMistake,
    ::testing::Values(
        Mistake{"/hil_config/routing_rules", "{}", "/hil_config/routing_rules", "must be a list"},
        Mistake{"/hil_config/routing_rules/1", "5", "/hil_config/routing_rules/1", "must be an object"},
        Mistake{"/hil_config/routing_rules/0/prio", "1", "/hil_config/routing_rules/0/prio", "unknown key"},
        Mistake{"/hil_config/routing_rules/1", R"({"priority": 1})", "/hil_config/routing_rules/1",
                "lacks the key \"skill\""},
        Mistake{"/hil_config/routing_rules/1", R"({"skill": "billing"})", "/hil_config/routing_rules/1/skill",
                "the skill \"billing\" has a rule already"},
        Mistake{"/hil_config/routing_rules/0/priority", "0", "/hil_config/routing_rules/0/priority",
                "must be an integer between 1 and 10, got 0"},
        Mistake{"/hil_config/routing_rules/0/priority", "11", "/hil_config/routing_rules/0/priority",
                "got 11"},
        Mistake{"/hil_config/routing_rules/0/max_wait_time", "0", "/hil_config/routing_rules/0/max_wait_time",
                "must be an integer of at least 1, got 0"},
        Mistake{"/hil_config/routing_rules/0/max_wait_time", R"("5 min")",
                "/hil_config/routing_rules/0/max_wait_time", "got \"5 min\""},
        Mistake{"/hil_config/routing_rules/0/escalation", "{}", "/hil_config/routing_rules/0/escalation",
                "must be a list"},
        Mistake{"-/hil_config/routing_rules/0/escalation/0/after", "",
                "/hil_config/routing_rules/0/escalation/0", "lacks the key \"after\""},
        Mistake{"/hil_config/routing_rules/0/escalation/0/page", "1",
                "/hil_config/routing_rules/0/escalation/0/page", "unknown key"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/skills", R"("vip")",
                "/hil_config/routing_rules/0/escalation/0/skills", "must be a list"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/back_to_ai", "1",
                "/hil_config/routing_rules/0/escalation/0/back_to_ai", "must be true or false"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/after", "0",
                "/hil_config/routing_rules/0/escalation/0/after", "must be an integer of at least 1, got 0"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/priority", "11",
                "/hil_config/routing_rules/0/escalation/0/priority",
                "must be an integer between 1 and 10, got 11"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/skills", R"(["a", " a "])",
                "/hil_config/routing_rules/0/escalation/0/skills", "the skill \"a\" is given twice"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/skills", R"(["a", " "])",
                "/hil_config/routing_rules/0/escalation/0/skills/1", "must not be blank"},
        Mistake{"/hil_config/routing_rules/0/escalation/0/notify", R"(" ")",
                "/hil_config/routing_rules/0/escalation/0/notify", "must not be blank"},
        Mistake{"-/hil_config/routing_rules/0/escalation/0/priority", "",
                "/hil_config/routing_rules/0/escalation/0", "does nothing"},
        Mistake{"/hil_config/routing_rules/0/escalation/1/after", "30",
                "/hil_config/routing_rules/0/escalation/1",
                "must come later than the step before it, which is after 30"},
        Mistake{"/hil_config/routing_rules/0/escalation/1/priority", "1",
                "/hil_config/routing_rules/0/escalation/1/back_to_ai", "can have no priority and no skills"},
        Mistake{"/hil_config/routing_rules/0/escalation/2", R"({"after": 100, "priority": 1})",
                "/hil_config/routing_rules/0/escalation/2",
                "comes after a step that gives the conversation back"}));

// ---- what one changed value cannot show

using Found = std::vector<std::pair<std::string, std::string>>;  // pointer, message

Found found_in(const Json& definition) {
    const CheckedWorkflow checked = check_workflow(definition);
    EXPECT_EQ(checked.workflow.has_value(), checked.problems.empty());
    Found found;
    for (const Problem& problem : checked.problems) found.emplace_back(problem.pointer, problem.message);
    return found;
}

bool holds(const Found& found, const std::string& pointer, const std::string& part) {
    for (const auto& [at, message] : found) {
        if (at == pointer && message.find(part) != std::string::npos) return true;
    }
    return false;
}

TEST(WorkflowMistakes, AreAllReportedInOneGo) {
    Json definition = valid();
    definition["nmae"] = "x";
    definition.erase("name");
    definition["hil_config"]["handover_triggers"][0]["threshold"] = 7;
    definition["hil_config"]["handover_triggers"][1]["patterns"] = {"ok", "", 5};
    definition["hil_config"]["routing_rules"][0]["priority"] = 0;
    definition["hil_config"]["messages"]["bye"] = "x";
    Json& body = definition["workflow"];
    body["nodes"][0]["condition"]["type"] = "lua";
    body["nodes"][1]["id"] = "first";
    body["edges"][0]["to"] = "first";
    body["edges"][2]["to"] = "nowhere";

    const Found found = found_in(definition);
    EXPECT_TRUE(holds(found, "", "lacks the key \"name\""));
    EXPECT_TRUE(holds(found, "/nmae", "unknown key"));
    EXPECT_TRUE(holds(found, "/hil_config/handover_triggers/0/threshold", "got 7"));
    EXPECT_TRUE(holds(found, "/hil_config/handover_triggers/1/patterns/1", "blank"));
    EXPECT_TRUE(holds(found, "/hil_config/handover_triggers/1/patterns/2", "got 5"));
    EXPECT_TRUE(holds(found, "/hil_config/routing_rules/0/priority", "got 0"));
    EXPECT_TRUE(holds(found, "/hil_config/messages/bye", "unknown key"));
    EXPECT_TRUE(holds(found, "/workflow/nodes/0/condition/type", "lua"));
    EXPECT_TRUE(holds(found, "/workflow/nodes/1/id", "taken by /workflow/nodes/0"));
    EXPECT_TRUE(holds(found, "/workflow/edges/0", "cycle: first → first"));
    EXPECT_TRUE(holds(found, "/workflow/edges/1/from", "no node \"second\""));
    EXPECT_TRUE(holds(found, "/workflow/edges/2/from", "no node \"second\""));
    EXPECT_TRUE(holds(found, "/workflow/edges/2/to", "no node \"nowhere\""));
    EXPECT_TRUE(holds(found, "/workflow/nodes/3", "no edge reaches the sink \"HANDOVER\""));
    EXPECT_EQ(found.size(), 14u);
}

TEST(WorkflowMistakes, NoSinkAtAll) {
    Json definition = valid();
    definition["workflow"]["nodes"].erase(3);
    definition["workflow"]["nodes"].erase(2);
    definition["workflow"]["edges"] = Json::array();
    EXPECT_EQ(found_in(definition),
              (Found{{"/workflow/nodes", "there is no sink; a run needs one to end in"}}));
}

TEST(WorkflowMistakes, NoNodesAtAll) {
    Json definition = valid();
    definition["workflow"] = {{"nodes", Json::array()}, {"edges", Json::array()}};
    EXPECT_EQ(found_in(definition), (Found{{"/workflow/nodes", "must have at least one node"}}));
}

TEST(WorkflowMistakes, WhatHasNoIdIsNotTakenForOneAnother) {
    Json definition = valid();
    definition["workflow"]["nodes"][3].erase("id");
    definition["workflow"]["edges"][2].erase("from");
    definition["workflow"]["edges"][2].erase("to");
    const Found found = found_in(definition);
    EXPECT_TRUE(holds(found, "/workflow/nodes/3", "lacks the key \"id\""));
    EXPECT_TRUE(holds(found, "/workflow/edges/2", "lacks the key \"from\""));
    EXPECT_TRUE(holds(found, "/workflow/edges/2", "lacks the key \"to\""));
    EXPECT_EQ(found.size(), 3u);
}

TEST(WorkflowMistakes, CyclesApartAreReportedApart) {
    Json definition = valid();
    Json& body = definition["workflow"];
    for (const char* id : {"c", "b", "a", "x", "y"}) body["nodes"].push_back({{"id", id}, {"agent", "a"}});
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"first", "a"}, {"a", "b"}, {"b", "c"}, {"c", "a"}, {"second", "x"}, {"x", "y"}, {"y", "x"}}) {
        body["edges"].push_back({{"from", from}, {"to", to}});
    }
    // Each cycle begins with the node that is declared first, and is reported at the edge that leads back to
    // it.
    EXPECT_EQ(found_in(definition),
              (Found{{"/workflow/edges/5", "the nodes go round in a cycle: c → a → b → c"},
                     {"/workflow/edges/9", "the nodes go round in a cycle: x → y → x"}}));
}

TEST(WorkflowMistakes, TooMuchIsRefusedAsAWhole) {
    Json definition = valid();
    for (int i = 0; i < 197; ++i) {
        definition["workflow"]["nodes"].push_back({{"id", "n" + std::to_string(i)}, {"agent", "a"}});
    }
    EXPECT_TRUE(holds(found_in(definition), "/workflow/nodes", "must have at most 200 items, got 201"));

    definition = valid();
    for (int i = 0; i < 998; ++i)
        definition["workflow"]["edges"].push_back({{"from", "first"}, {"to", "second"}});
    EXPECT_TRUE(holds(found_in(definition), "/workflow/edges", "must have at most 1000 items, got 1001"));

    definition = valid();
    definition["name"] = std::string(201, 'n');
    definition["workflow"]["nodes"][0]["id"] = std::string(101, 'n');
    definition["hil_config"]["handover_triggers"][1]["patterns"] = Json(101, "p");
    definition["hil_config"]["routing_rules"][0]["skill"] = std::string(101, 's');
    const Found found = found_in(definition);
    EXPECT_TRUE(holds(found, "/name", "at most 200 bytes, got 201"));
    EXPECT_TRUE(holds(found, "/workflow/nodes/0/id", "at most 100 bytes, got 101"));
    EXPECT_TRUE(holds(found, "/hil_config/handover_triggers/1/patterns", "at most 100 items, got 101"));
    EXPECT_TRUE(holds(found, "/hil_config/routing_rules/0/skill", "at most 100 bytes, got 101"));
}

TEST(WorkflowMistakes, WhatIsNoDefinitionAtAll) {
    for (const char* text : {"null", "[]", "5", "\"workflow\""}) {
        const Found found = found_in(Json::parse(text));
        EXPECT_EQ(found.size(), 1u);
        EXPECT_TRUE(holds(found, "", "must be an object")) << text;
    }
}

TEST(WorkflowMistakes, LongInputIsNotEchoed) {
    Json definition = valid();
    definition[std::string(100'000, 'k')] = 1;
    definition["hil_config"]["enabled"] = std::string(100'000, 'v');
    for (const auto& [pointer, message] : found_in(definition)) EXPECT_LT(message.size(), 300u);
}

}  // namespace
}  // namespace hil
