// Workflow files: the seed's loads, and every mistake is found at once, where it stands.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

std::string file(const std::string& path) {
    std::ifstream in(std::string(HIL_SOURCE_DIR) + "/worker/workflows/" + path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

LoadResult load(const std::string& yaml) { return load_workflow_text(yaml, Catalogue::builtin()); }

Texts listed(const std::vector<Mistake>& mistakes) {
    Texts out;
    for (const Mistake& mistake : mistakes)
        out.push_back(std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + " " +
                      mistake.message);
    return out;
}

// A workflow without mistakes, into which the tests put theirs.
const std::string nodes = R"(name: w
workflow:
  nodes:
    - id: ask
      agent: simple_evaluator
    - id: DONE
      type: sink
      action: finish_conversation
)";
const std::string edges = R"(  edges:
    - from: ask
      to: DONE
)";

TEST(Loader, TheSeedsWorkflowLoadsUnchanged) {
    const std::string source = file("customer_support_hil.yaml");
    const LoadResult result = load(source);
    EXPECT_EQ(listed(result.errors), Texts{});
    ASSERT_TRUE(result.loaded);
    EXPECT_EQ(result.loaded->source, source);
    EXPECT_EQ(result.loaded->workflow.name, "customer_support_hil");
    EXPECT_EQ(result.loaded->workflow.version, "2.0.0");
    EXPECT_EQ(result.loaded->workflow.nodes.size(), 6u);
    EXPECT_EQ(result.loaded->definition["workflow"]["nodes"][2]["config"]["tools"],
              Json::parse(R"(["shopify.*", "gmail.send_email"])"));
    EXPECT_EQ(listed(result.warnings),
              (Texts{"71:17 no tool matches \"shopify.*\": none is configured",
                     "71:28 no tool matches \"gmail.send_email\": none is configured"}));
}

TEST(Loader, TheExamplesLoad) {
    for (const char* example : {"order_status.yaml"}) {
        const LoadResult result = load(file(example));
        EXPECT_EQ(listed(result.errors), Texts{}) << example;
        EXPECT_EQ(listed(result.warnings), Texts{}) << example;
    }
}

TEST(Loader, ADefinitionFromTheDatabaseLoadsToo) {
    const auto loaded = load(file("customer_support_hil.yaml")).loaded;
    ASSERT_TRUE(loaded);
    Json definition = loaded->definition;
    EXPECT_TRUE(load_workflow_definition(definition, Catalogue::builtin()).loaded);
    definition["workflow"]["nodes"][0]["agent"] = "nobody";
    EXPECT_EQ(
        listed(load_workflow_definition(definition, Catalogue::builtin()).errors),
        Texts{"0:0 /workflow/nodes/0/agent: unknown agent \"nobody\"; known are reasoning_support_agent, "
              "simple_evaluator, simple_intent_classifier"});
}

TEST(Loader, FindsEveryMistakeAtOnceInTheOrderOfTheFile) {
    const LoadResult result = load(R"(name: broken
verion: 1
hil_config:
  handover_triggers:
    - type: confidence_threshold
      threshold: 70
    - type: mood
workflow:
  nodes:
    - id: classify
      agent: simple_inent_classifier
      config:
        model_profile: fats
        output_schema:
          intent: strng
      prompt_template: |
        Classify this:
          {{ customer_message
    - id: 2nd
      agent: simple_evaluator
      condition:
        type: jmespath
        expression: "classify.output.x == true &&"
    - id: third
      agent: simple_evaluator
      prompt_template: "{{ a | shout }}"
      condition: {type: python_expr, expression: "classify.x = 1"}
    - id: HANDOVER
      type: sink
      action: handover_to_human
      config:
        required_skills: |
          {% if classify.intent == 'x' %}['a']
          {% endfi %}
        handover_context:
          deep: ["{{ ok }}", "{{ 'open }}"]
  edges:
    - from: classify
      to: nowhere
    - from: classify
      to: HANDOVER
      condition: {type: jmespath, expression: "output.a ==="}
)");
    EXPECT_FALSE(result.loaded);
    const Texts found = listed(result.errors);
    const Texts expected = {
        "2:1 unknown key \"verion\"",
        "6:18 must be a number between 0 and 1, got 70",
        "7:13 ",
        "11:14 unknown agent \"simple_inent_classifier\"; known are reasoning_support_agent, "
        "simple_evaluator, simple_intent_classifier; did you mean simple_intent_classifier?",
        "13:24 unknown model profile \"fats\"; known are balanced, fast",
        "15:19 unknown type \"strng\"",
        "18:30 expected `}}`, the text ends",
        "19:11 must be letters, digits and underscores",
        "23:50 ",
        "26:32 unknown filter `shout`",
        "27:62 expected the end of the expression, found `=`",
        "34:14 `endfi` is no block",
        "36:34 this text is not closed",
        "39:11 ",
        "42:59 ",
    };
    ASSERT_EQ(found.size(), expected.size()) << ::testing::PrintToString(found);
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(found[i].substr(0, expected[i].size()), expected[i]) << found[i];
}

TEST(Loader, FindsWhatIsWrongWithTheGraph) {
    const std::string agents = R"(name: w
workflow:
  nodes:
    - {id: a, agent: simple_evaluator}
    - {id: b, agent: simple_evaluator}
)";
    EXPECT_EQ(listed(load(agents + "  edges: []\n").errors),
              Texts{"3:3 there is no sink; a run needs one to end in"});
    const Texts cycle = listed(load(agents + R"(    - {id: S, type: sink, action: finish_conversation}
  edges:
    - {from: a, to: b}
    - {from: b, to: a}
    - {from: b, to: S}
    - {from: b, to: a}
)")
                                   .errors);
    ASSERT_EQ(cycle.size(), 2u) << ::testing::PrintToString(cycle);
    EXPECT_EQ(cycle[0], "9:7 the nodes go round in a cycle: a → b → a");
    EXPECT_EQ(cycle[1].substr(0, 5), "11:7 ");
}

TEST(Loader, WhatIsMissingPointsAtItsParent) {
    const Texts found = listed(load("name: w\nworkflow:\n  nodes:\n    - agent: simple_evaluator\n").errors);
    ASSERT_GE(found.size(), 2u) << ::testing::PrintToString(found);
    EXPECT_EQ(found[0], "2:1 lacks the key \"edges\"");
    EXPECT_EQ(found[2], "4:7 lacks the key \"id\"");
}

TEST(Loader, ASyntaxErrorIsAMistakeLikeAnyOther) {
    const Texts found = listed(load("name: w\n  workflow: x\n").errors);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].substr(0, 10), "2:11 YAML:");
}

TEST(Loader, TheOtherLanguagesOperatorsAreAnswered) {
    const auto message = [](const std::string& condition) {
        const Texts found = listed(load(nodes + "      condition: {" + condition + "}\n" + edges).errors);
        return found.empty() ? "none" : found.front();
    };
    EXPECT_EQ(message("type: jmespath, expression: \"ask.a and ask.b\""),
              "9:54 expected an operator (in JMESPath &&, ||, !), found `and`");
    EXPECT_EQ(message("type: python_expr, expression: \"ask.a && ask.b\""),
              "9:57 unexpected character `&`; here it is `and`, `or`, `not`");
}

TEST(Loader, DuplicateKeysDoNotHideOtherMistakes) {
    EXPECT_EQ(listed(load(nodes + "      action: dance\n" + edges).errors),
              Texts{"9:7 the key `action` is given twice (first in line 8)"});
    EXPECT_EQ(load(nodes + "      action: dance\n      colour: red\n" + edges).errors.size(), 2u);
}

TEST(Loader, WarnsOfNamesThatNothingHas) {
    const LoadResult result =
        load(nodes + R"(      condition: {type: jmespath, expression: "asq.output.x == true || ask.y == z"}
      config:
        response: "{{ customer_mesage }}{% set x = 1 %}{{ x }}{{ ask.output.fine }}{{ omitted_messages }}"
)" + edges + R"(      condition: {type: python_expr, expression: "output.x and outptu.x"}
)");
    ASSERT_TRUE(result.loaded);
    EXPECT_EQ(listed(result.warnings),
              (Texts{"9:48 nothing is called `asq` here: it is always undefined; did you mean ask?",
                     "9:81 nothing is called `z` here: it is always undefined",
                     "11:23 nothing is called `customer_mesage` here: it is always undefined; did you mean "
                     "customer_message?",
                     "15:64 nothing is called `outptu` here: it is always undefined; did you mean output?"}));
}

TEST(Loader, WarnsOfFieldsThatASchemaDoesNotHave) {
    const LoadResult result = load(R"(name: w
workflow:
  nodes:
    - id: ask
      agent: simple_intent_classifier
      prompt_template: "{{ ask.items() }}{{ ask.output }}{{ free.anything }}"
    - id: free
      agent: simple_evaluator
      prompt_template: "{{ ask.intnet }}{{ ask.output.confidenc }}{{ ask['output']['topic'] }}"
    - id: own
      agent: simple_evaluator
      config:
        output_schema: {properties: {a: {type: string}}, additionalProperties: true}
      condition: {type: python_expr, expression: "own.b == 1 and ask.intent == ask.handover_to_human"}
    - id: DONE
      type: sink
      action: finish_conversation
      condition: {type: jmespath, expression: "ask.output.inten == 'x' || ask.complexty.z == 'y'"}
  edges:
    - {from: ask, to: free, condition: {type: jmespath, expression: "output.needs_humna"}}
    - {from: ask, to: own}
    - {from: ask, to: DONE}
)");
    ASSERT_TRUE(result.loaded) << ::testing::PrintToString(listed(result.errors));
    const std::string rest =
        " is no field of the output_schema of `ask`, which has complexity, confidence, intent, needs_human";
    EXPECT_EQ(listed(result.warnings),
              (Texts{"9:32 `intnet`" + rest + "; did you mean intent?",
                     "9:55 `confidenc`" + rest + "; did you mean confidence?", "9:84 `topic`" + rest,
                     "18:59 `inten`" + rest + "; did you mean intent?",
                     "18:79 `complexty`" + rest + "; did you mean complexity?",
                     "20:77 `needs_humna`" + rest + "; did you mean needs_human?"}));
}

TEST(Loader, WarnsOfKeysThatNothingLooksAt) {
    const LoadResult result = load(R"(name: w
workflow:
  nodes:
    - id: ask
      agent: simple_evaluator
      config: {model: fast, max_iterations: 2, output_schema: {model: string}}
    - id: DONE
      type: sink
      action: finish_conversation
      config: {respnose: x, status: resolved, update_analytics: true}
    - id: HANDOVER
      type: sink
      action: handover_to_human
      config: {skills: [billing], priority: 3, reason: r, handover_context: {anything: goes}}
)" + edges + R"(    - from: ask
      to: HANDOVER
)");
    ASSERT_TRUE(result.loaded) << ::testing::PrintToString(listed(result.errors));
    EXPECT_EQ(listed(result.warnings),
              (Texts{"6:16 unknown key \"model\": nothing looks at it; known to agent nodes are "
                     "model_profile, output_schema, tools, max_iterations; did you mean model_profile?",
                     "10:16 unknown key \"respnose\": nothing looks at it; known to finish_conversation are "
                     "response, status, update_analytics; did you mean response?",
                     "14:16 unknown key \"skills\": nothing looks at it; known to handover_to_human are "
                     "required_skills, priority, handover_context, reason; did you mean required_skills?"}));
}

TEST(Loader, ATextThatAHandoverCannotUseIsAMistake) {
    const auto mistakes_of = [](const std::string& config) {
        return listed(load(nodes + R"(    - id: HANDOVER
      type: sink
      action: handover_to_human
      config: {)" + config +
                           "}\n" + edges + "    - {from: ask, to: HANDOVER}\n")
                          .errors);
    };
    EXPECT_EQ(mistakes_of("priority: high, reason: r"),
              Texts{"12:26 config.priority must be an integer between 1 and 10, got \"high\""});
    EXPECT_EQ(mistakes_of("priority: '11'"), Texts{"12:26 config.priority must be between 1 and 10, got 11"});
    EXPECT_EQ(mistakes_of("required_skills: \"['billing\""),
              Texts{"12:33 config.required_skills must be a list of texts, got \"['billing\""});
    EXPECT_EQ(mistakes_of("handover_context: urgent"),
              Texts{"12:34 config.handover_context must be an object, got \"urgent\""});
    for (const char* good : {"priority: ' 3 '", "priority: ''", "priority: '{% if ask.x %}high{% endif %}'",
                             "priority: '{{ ask.answer }}'", "required_skills: billing"})
        EXPECT_EQ(mistakes_of(good), Texts{}) << good;
}

TEST(Loader, WarnsOfNodesThatHideVariables) {
    const LoadResult result = load(R"(name: w
workflow:
  nodes:
    - {id: messages, agent: simple_evaluator}
    - {id: DONE, type: sink, action: finish_conversation}
  edges: [{from: messages, to: DONE}]
)");
    EXPECT_EQ(listed(result.warnings), Texts{"4:12 the node hides the variable `messages`"});
}

TEST(Loader, AConfiguredPresetWithABadSchemaIsReportedWhereItIsUsed) {
    Catalogue catalogue = Catalogue::builtin();
    catalogue.agents["simple_evaluator"].output_schema = {{"x", "flaot"}};
    const Texts found = listed(load_workflow_text(nodes + edges, catalogue).errors);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].substr(0, 60), "5:14 the output_schema that is configured for this agent: un");
}

TEST(Graph, IsDrawnAsMermaidAndAsDot) {
    const auto loaded =
        load(nodes + "      condition: {type: jmespath, expression: 'ask.x < \"y\"'}\n" + edges).loaded;
    ASSERT_TRUE(loaded);
    EXPECT_EQ(draw_mermaid(loaded->workflow),
              "flowchart TD\n"
              "    n0[\"ask<br/>simple_evaluator\"]\n"
              "    n1([\"DONE<br/>finish_conversation<br/>if ask.x #lt; #quot;y#quot;\"])\n"
              "    n0 --> n1\n");
    EXPECT_EQ(draw_dot(loaded->workflow),
              "digraph \"w\" {\n    node [shape=box]\n"
              "    n0 [label=\"ask\\nsimple_evaluator\"]\n"
              "    n1 [label=\"DONE\\nfinish_conversation\\nif ask.x < \\\"y\\\"\", style=rounded]\n"
              "    n0 -> n1\n}\n");
}

TEST(Graph, EdgesCarryTheirConditions) {
    const auto loaded =
        load(nodes + edges + "      condition: {type: jmespath, expression: 'output.x |  @'}\n").loaded;
    ASSERT_TRUE(loaded);
    EXPECT_NE(draw_mermaid(loaded->workflow).find("n0 -->|\"output.x #124; @\"| n1"), std::string::npos);
    EXPECT_NE(draw_dot(loaded->workflow).find("n0 -> n1 [label=\"output.x | @\"]"), std::string::npos);
}

}  // namespace
}  // namespace hil::worker
