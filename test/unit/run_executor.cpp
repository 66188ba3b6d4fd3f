// Executing workflows with steps that say what the test wants: every path through the seed's, what runs side
// by side, and what a run depends on.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <fstream>
#include <random>
#include <sstream>

#include "run/executor.hpp"
#include "run_support.hpp"
#include "step/spending.hpp"
#include "task_support.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

std::string seed() {
    std::ifstream in(HIL_SOURCE_DIR "/worker/workflows/customer_support_hil.yaml", std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

class Executor : public ::testing::Test {
  protected:
    Executor() {
        outputs = {{"classify_intent",
                    {{"intent", "return_request"},
                     {"confidence", 0.9},
                     {"complexity", "medium"},
                     {"needs_human", false}}},
                   {"check_confidence", {{"can_handle", true}, {"reason", "simple"}}},
                   {"handle_with_ai", {{"answer", "Send it back."}, {"success", true}}},
                   {"evaluate_result",
                    {{"resolved", true},
                     {"satisfaction_likely", true},
                     {"needs_handover", false},
                     {"reason", "done"}}}};
    }

    void load(const std::string& yaml) {
        LoadResult result = load_workflow_text(yaml, catalogue);
        for (const Mistake& mistake : result.errors) ADD_FAILURE() << mistake.line << ": " << mistake.message;
        ASSERT_TRUE(result.loaded);
        workflow = std::make_unique<KnownWorkflow>(std::move(result.loaded->workflow));
    }

    // Executes the workflow; what was asked and reported is only that of this run.
    Answer run(int parallel_nodes = 4) {
        reports.bodies.clear();
        steps.started.clear();
        steps.ended.clear();
        for (const auto& [node, output] : outputs)
            if (!steps.outputs.contains(node))
                steps.outputs[node] = [this, name = node] { return outputs.at(name); };
        claim.input = input;
        Spending spending(Limits(), Json::object());
        SendReport send = [this](Json body) { return reports.send({7, 1, "c1", std::move(body)}); };
        return run_task(
            threads, execute(*workflow, claim, spending, steps.run_step(), std::move(send), parallel_nodes));
    }

    // The result that the run reported; null if there is none.
    Json result() {
        run();
        return reports.bodies.empty() ? Json() : reports.bodies.back().value("result", Json());
    }

    StepFailed failure() {
        try {
            run();
        } catch (const StepFailed& error) {
            return error;
        }
        ADD_FAILURE() << "the run did not fail";
        return {"", "", false};
    }

    // The steps that were reported, by node, and the result.
    Json outcome(int parallel_nodes) {
        run(parallel_nodes);
        Json outcome = {{"result", reports.bodies.back().value("result", Json())}};
        for (const Json& body : reports.bodies)
            for (const Json& step : body.value("steps", Json::array()))
                outcome[step.at("node")] = step.at("output");
        return outcome;
    }

    // The usage that was reported with a node's step.
    Json usage(const std::string& node) const {
        for (const Json& body : reports.bodies)
            for (const Json& step : body.value("steps", Json::array()))
                if (step.at("node") == node) return step.at("usage");
        return {};
    }

    Threads threads{2};
    Catalogue catalogue = Catalogue::builtin();
    std::unique_ptr<KnownWorkflow> workflow;
    Claim claim;
    Json input = {
        {"customer_message", "I want to return {{ this }}"},
        {"messages", Json::array({{{"sender_type", "user"}, {"content", "I want to return {{ this }}"}}})},
        {"memory_context", "Returned a lamp in May."},
        {"instructions", nullptr},
        {"conversation", {{"id", "c1"}, {"metadata", Json::object()}, {"handover_count", 0}}},
        {"steps", Json::object()}};
    std::map<std::string, Json> outputs;
    FakeSteps steps;
    FakeReports reports;
};

class Seed : public Executor {
  protected:
    void SetUp() override { load(seed()); }
};

TEST_F(Seed, Finishes) {
    const Json result = this->result();
    EXPECT_EQ(result["sink"], "FINISH");
    EXPECT_EQ(result["config"],
              Json({{"status", "resolved"}, {"update_analytics", true}, {"response", "Send it back."}}));
    EXPECT_EQ(reports.steps(),
              (Texts{"classify_intent", "check_confidence", "handle_with_ai", "evaluate_result"}));
    EXPECT_EQ(steps.started, reports.steps());
    EXPECT_EQ(reports.bodies.size(), 4U) << "the last step goes with the result";
}

TEST_F(Seed, HandsOverWhenItCannotHandle) {
    outputs["check_confidence"]["can_handle"] = false;
    const Json result = this->result();
    EXPECT_EQ(result["sink"], "HANDOVER");
    EXPECT_EQ(reports.steps(), (Texts{"classify_intent", "check_confidence"}));
    EXPECT_EQ(result["config"], Json({{"required_skills", {"returns", "order_management"}},
                                      {"priority", 5},
                                      {"handover_context",
                                       {{"original_intent", "return_request"},
                                        {"confidence", "0.9"},
                                        {"ai_attempted", true},
                                        {"ai_result", ""},
                                        {"customer_history", "Returned a lamp in May."},
                                        {"reason", ""}}}}));
}

TEST_F(Seed, HandsOverWhenTheAnswerDoesNotDo) {
    outputs["evaluate_result"] = {{"resolved", false},
                                  {"satisfaction_likely", false},
                                  {"needs_handover", true},
                                  {"reason", "not resolved"}};
    outputs["classify_intent"]["intent"] = "billing";
    outputs["classify_intent"]["complexity"] = "low";
    const Json result = this->result();
    EXPECT_EQ(result["sink"], "HANDOVER");
    const Json& config = result["config"];
    EXPECT_EQ(config["required_skills"], Json({"billing", "payments"}));
    EXPECT_EQ(config["priority"], 7);
    EXPECT_EQ(config["handover_context"]["ai_result"], "{'answer': 'Send it back.', 'success': True}");
    EXPECT_EQ(config["handover_context"]["reason"], "not resolved");
    EXPECT_FALSE(config.contains("response"));  // the AI's answer is not for a customer who gets a human
}

TEST_F(Seed, ReachesNoSink) {
    outputs["evaluate_result"]["resolved"] = false;
    EXPECT_EQ(result(), Json({{"sink", nullptr}}));
}

TEST_F(Seed, ReachesNoSinkWhenTheEvaluationSaysNothing) {
    outputs["check_confidence"] = Json::object();
    EXPECT_EQ(result(), Json({{"sink", nullptr}}));
    EXPECT_EQ(reports.steps(), (Texts{"classify_intent", "check_confidence"}));
}

TEST_F(Seed, AHandoverVerdictEndsItAtOnce) {
    reports.verdicts["classify_intent"] = {Answer::Action::handover, "confidence_threshold", "0.4 < 0.7", ""};
    EXPECT_EQ(run().trigger, "confidence_threshold");
    EXPECT_EQ(steps.started, Texts{"classify_intent"});
    EXPECT_EQ(reports.bodies.size(), 1U);
}

TEST_F(Seed, AStopVerdictEndsItAtOnce) {
    reports.verdicts["handle_with_ai"] = {Answer::Action::stop, "", "", ""};
    EXPECT_EQ(run().action, Answer::Action::stop);
    EXPECT_EQ(steps.started, (Texts{"classify_intent", "check_confidence", "handle_with_ai"}));
}

TEST_F(Seed, FinishedStepsAreNotExecutedAgain) {
    input["steps"] = {{"classify_intent", outputs["classify_intent"]},
                      {"check_confidence", outputs["check_confidence"]},
                      {"handle_with_ai", {{"answer", "From before."}, {"success", true}}}};
    const Json result = this->result();
    EXPECT_EQ(steps.started, Texts{"evaluate_result"});
    EXPECT_EQ(reports.steps(), Texts{"evaluate_result"});
    EXPECT_EQ(result["sink"], "FINISH");
    EXPECT_EQ(result["config"]["response"], "From before.");
}

TEST_F(Seed, AllStepsFinishedOnlyTheSinkIsLeft) {
    for (const auto& [node, output] : outputs) input["steps"][node] = output;
    EXPECT_EQ(result()["sink"], "FINISH");
    EXPECT_EQ(steps.started, Texts{});
    EXPECT_EQ(reports.steps(), Texts{});
}

TEST_F(Seed, UsageIsReportedWithTheHandoverAsOfTheStep) {
    run();
    const Json first = usage("classify_intent");
    EXPECT_EQ(first["input_tokens"], 100);
    EXPECT_EQ(first["handover"]["required_skills"], Json({"returns", "order_management"}));
    EXPECT_EQ(first["handover"]["priority"], 5);
    EXPECT_EQ(first["handover"]["handover_context"]["ai_result"], "");
    EXPECT_NE(usage("evaluate_result")["handover"]["handover_context"]["ai_result"], "");
}

TEST_F(Seed, AFailureIsPassedOnAfterWhatWasFinished) {
    steps.outputs["handle_with_ai"] = []() -> Json {
        throw StepFailed("handle_with_ai", "overloaded", true);
    };
    EXPECT_STREQ(failure().what(), "overloaded");
    EXPECT_EQ(reports.steps(), (Texts{"classify_intent", "check_confidence"}));
}

TEST_F(Executor, TheFirstSinkReachedInOrderEndsTheRun) {
    load(R"(name: w
workflow:
  nodes:
    - {id: ask, agent: simple_evaluator}
    - {id: LATER, type: sink, action: finish_conversation, condition: {type: python_expr, expression: ask.later}}
    - {id: FIRST, type: sink, action: reply_to_customer, config: {response: "Hello {{ ask.name }}", list: ["{{ 1 + 1 }}"]}}
  edges:
    - {from: ask, to: FIRST}
    - {from: ask, to: LATER}
)");
    outputs["ask"] = {{"name", "{{ 7 * 7 }}"}};
    EXPECT_EQ(result(),
              Json({{"sink", "FIRST"}, {"config", {{"response", "Hello {{ 7 * 7 }}"}, {"list", {"2"}}}}}));
    outputs["ask"] = {{"later", true}, {"answer", "bye"}};
    EXPECT_EQ(result(), Json({{"sink", "LATER"}, {"config", {{"response", "bye"}}}}));
}

TEST_F(Executor, ANodeRunsWhenAnyOfItsEdgesFired) {
    load(R"(name: w
workflow:
  nodes:
    - {id: a, agent: simple_evaluator}
    - {id: b, agent: simple_evaluator, condition: {type: jmespath, expression: a.go == 'b'}}
    - {id: c, agent: simple_evaluator}
    - {id: S, type: sink, action: finish_conversation}
  edges:
    - {from: a, to: b}
    - {from: a, to: c, condition: {type: python_expr, expression: "output.go == 'c'"}}
    - {from: b, to: c, condition: {type: jmespath, expression: output.on}}
    - {from: c, to: S}
)");
    outputs = {{"a", {{"go", "b"}}}, {"b", {{"on", true}}}, {"c", Json::object()}};
    EXPECT_EQ(result()["sink"], "S");
    EXPECT_EQ(reports.steps(), (Texts{"a", "b", "c"}));
    outputs["a"]["go"] = "c";
    EXPECT_EQ(result()["sink"], "S");
    EXPECT_EQ(reports.steps(), (Texts{"a", "c"}));
    outputs["a"]["go"] = "nowhere";
    EXPECT_EQ(result()["sink"], nullptr);
    EXPECT_EQ(reports.steps(), Texts{"a"});
}

TEST_F(Executor, AHandoverThatCannotBeRenderedIsLeftOutOfTheUsageAndFailsAsASink) {
    load(R"(name: w
hil_config: {routing_rules: [{skill: a}, {skill: "it's"}]}
workflow:
  nodes:
    - {id: ask, agent: simple_evaluator}
    - {id: H, type: sink, action: handover_to_human, config: {priority: "{{ ask.level }}", required_skills: "{{ ask.skills }}"}}
  edges: [{from: ask, to: H}]
)");
    outputs["ask"] = {{"level", "urgent"}};
    const StepFailed error = failure();
    EXPECT_FALSE(usage("ask").contains("handover"));
    EXPECT_EQ(error.node, "H");
    EXPECT_FALSE(error.retryable);
    EXPECT_NE(std::string(error.what()).find("priority"), std::string::npos) << error.what();

    outputs["ask"] = {{"level", 2}, {"skills", {"a", "it's"}}};
    EXPECT_EQ(result()["config"], Json({{"priority", 2}, {"required_skills", {"a", "it's"}}}));
}

TEST_F(Executor, AHandoverThatIsTooLargeForTheDatabaseIsLeftOutOfTheUsage) {
    load(R"(name: w
workflow:
  nodes:
    - {id: ask, agent: simple_evaluator}
    - {id: F, type: sink, action: finish_conversation, condition: {type: jmespath, expression: ask.done}}
    - {id: H, type: sink, action: handover_to_human, config: {handover_context: {x: "{{ ask }}", y: "{{ ask.answer }}"}}}
  edges: [{from: ask, to: F}, {from: ask, to: H}]
)");
    outputs["ask"] = {{"answer", std::string(300'000, '"')}, {"done", true}};
    EXPECT_EQ(result()["sink"], "F");
    EXPECT_FALSE(usage("ask").contains("handover"));
    EXPECT_EQ(usage("ask")["input_tokens"], 100);

    outputs["ask"].erase("done");
    const StepFailed error = failure();  // the same config as the result of the run
    EXPECT_EQ(error.node, "H");
    EXPECT_FALSE(error.retryable);
    EXPECT_NE(std::string(error.what()).find("1048576"), std::string::npos) << error.what();
}

TEST_F(Executor, AConditionThatCannotBeEvaluatedFailsForGood) {
    load(R"(name: w
workflow:
  nodes:
    - {id: ask, agent: simple_evaluator}
    - {id: S, type: sink, action: finish_conversation, condition: {type: python_expr, expression: 1 / ask.zero}}
  edges: [{from: ask, to: S}]
)");
    outputs["ask"] = {{"zero", 0}};
    const StepFailed error = failure();
    EXPECT_EQ(error.node, "S");
    EXPECT_STREQ(error.what(), "condition: division by zero");
    EXPECT_FALSE(error.retryable);
}

// Two branches that do not read each other, and one node that reads both.
const char* const fork = R"(name: w
workflow:
  nodes:
    - {id: a, agent: simple_evaluator}
    - {id: left, agent: simple_evaluator, prompt_template: "{{ a.node }}"}
    - {id: right, agent: simple_evaluator, prompt_template: "{{ a.node }}"}
    - {id: both, agent: simple_evaluator, prompt_template: "{{ left.node }} {{ right.node }}"}
    - {id: S, type: sink, action: finish_conversation, config: {response: "{{ both.node }}"}}
  edges:
    - {from: a, to: left}
    - {from: a, to: right}
    - {from: left, to: both}
    - {from: both, to: S}
)";

TEST_F(Executor, IndependentNodesRunSideBySide) {
    load(fork);
    steps.turns = {{"left", 20}, {"right", 5}};
    EXPECT_EQ(result()["config"]["response"], "both");
    EXPECT_EQ(steps.started, (Texts{"a", "left", "right", "both"}));
    EXPECT_EQ(steps.ended, (Texts{"a", "right", "left", "both"}));
    EXPECT_EQ(steps.most_at_once, 2U);
    EXPECT_EQ(reports.steps(), (Texts{"a", "right", "left", "both"}));
}

TEST_F(Executor, NoMoreThanAllowedRunAtOnce) {
    load(fork);
    EXPECT_EQ(run(1).action, Answer::Action::done);
    EXPECT_EQ(steps.most_at_once, 1U);
    EXPECT_EQ(reports.steps(), (Texts{"a", "left", "right", "both"}));
}

TEST_F(Executor, AVerdictCancelsWhatRunsBesides) {
    load(fork);
    steps.turns = {{"left", 1'000'000}, {"right", 5}};
    reports.verdicts["right"] = {Answer::Action::handover, "complexity", "high", ""};
    EXPECT_EQ(run().action, Answer::Action::handover);
    EXPECT_EQ(steps.ended, (Texts{"a", "right", "left"}));
    EXPECT_EQ(reports.steps(), (Texts{"a", "right"}));
}

TEST_F(Executor, AFailureLetsWhatRunsBesidesFinish) {
    load(fork);
    steps.turns = {{"left", 20}};
    steps.outputs["right"] = []() -> Json { throw StepFailed("right", "no", false); };
    EXPECT_EQ(failure().node, "right");
    EXPECT_EQ(reports.steps(), (Texts{"a", "left"}));
}

TEST_F(Executor, ACancelledRunCancelsItsSteps) {
    load(fork);
    steps.turns = {{"left", 1'000'000}, {"right", 1'000'000}};
    claim.input = input;
    asio::cancellation_signal signal;
    const asio::any_io_executor strand = threads.new_strand();
    steps.outputs["a"] = [&] {
        asio::post(threads.io(),
                   [&] { asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); }); });
        return Json{{"node", "a"}};
    };
    std::exception_ptr error;
    Spending spending(Limits(), Json::object());
    SendReport send = [this](Json body) { return reports.send({7, 1, "c1", std::move(body)}); };
    asio::co_spawn(strand, execute(*workflow, claim, spending, steps.run_step(), std::move(send), 4),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr thrown, const Answer&) {
                       error = thrown;
                       threads.stop();
                   }));
    threads.run();
    EXPECT_THROW(std::rethrow_exception(error), std::system_error);
    EXPECT_EQ(steps.started.size(), steps.ended.size());
    EXPECT_LT(reports.steps().size(), 2U);
}

// Random graphs with conditions on what nodes put out: side by side comes out what comes out one after the
// other.
class RandomGraph {
  public:
    explicit RandomGraph(unsigned seed) : random_(seed), agents_(2 + below(6)) {}

    std::string yaml() {
        std::string nodes = "name: w\nworkflow:\n  nodes:\n", edges = "  edges:\n";
        const int sinks = 1 + below(2);
        for (int i = 0; i < agents_ + sinks; ++i) {
            const bool sink = i >= agents_;
            nodes +=
                "    - {id: n" + std::to_string(i) +
                (sink ? ", type: sink, action: finish_conversation, config: {response: \"" + reading() + "\"}"
                      : ", agent: simple_evaluator, prompt_template: \"" + reading() + "\"") +
                (below(3) == 0 ? condition("n" + std::to_string(below(agents_)) + ".number") : "") + "}\n";
            for (int j = sink ? 1 : 0; j < std::min(i, agents_); ++j)
                if (below(i) < 2)
                    edges += "    - {from: n" + std::to_string(j) + ", to: n" + std::to_string(i) +
                             (below(3) == 0 ? condition("output.number") : "") + "}\n";
        }
        // The core asks for a way to every sink.
        for (int i = 0; i < sinks; ++i)
            edges += "    - {from: n0, to: n" + std::to_string(agents_ + i) +
                     ", condition: {type: jmespath, expression: n1.number > `" + std::to_string(below(8)) +
                     "`}}\n";
        return nodes + edges;
    }
    int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
    int agents() const { return agents_; }

  private:
    std::string reading() {
        return "{{ n" + std::to_string(below(agents_)) + ".number }} {{ n" + std::to_string(below(agents_)) +
               ".number }}";
    }
    std::string condition(const std::string& number) {
        return ", condition: {type: python_expr, expression: \"" + number +
               " != " + std::to_string(below(8)) + "\"}";
    }

    std::minstd_rand random_;
    int agents_;
};

TEST_F(Executor, SideBySideComesOutWhatComesOutOneAfterTheOther) {
    std::size_t together = 0;
    for (unsigned number = 1; number <= 300; ++number) {
        RandomGraph graph(number);
        const std::string yaml = graph.yaml();
        load(yaml);
        ASSERT_TRUE(workflow) << yaml;
        outputs.clear();
        steps = FakeSteps();
        for (int i = 0; i < graph.agents(); ++i) {
            const std::string node = "n" + std::to_string(i);
            outputs[node] = {{"number", graph.below(8)}};
            steps.turns[node] = graph.below(10);
        }
        const Json one_by_one = outcome(1);
        EXPECT_EQ(outcome(4), one_by_one) << yaml;
        together = std::max(together, steps.most_at_once);
        if (HasFailure()) return;
    }
    EXPECT_GT(together, 2U);
}

TEST_F(Executor, AModelsWordsAreNoSkills) {
    load(R"(name: routed
hil_config:
  routing_rules: [{skill: billing, priority: 2}]
workflow:
  nodes:
    - {id: first, agent: simple_evaluator}
    - id: HANDOVER
      type: sink
      action: handover_to_human
      config: {required_skills: "{{ ['orders'] + first.skills }}"}
  edges:
    - {from: first, to: HANDOVER}
)");
    outputs["first"] = {{"skills", {"billing", "general", "order", "root", "skills", "first"}}};
    EXPECT_EQ(result()["config"]["required_skills"], Json({"orders", "billing", "general"}));
}

// What the author wrote as text is a skill, and what names a value in a template is none.
TEST_F(Executor, ANameInATemplateIsNoSkill) {
    load(R"(name: routed
workflow:
  nodes:
    - {id: first, agent: simple_evaluator}
    - id: HANDOVER
      type: sink
      action: handover_to_human
      config:
        required_skills:
          - "{% if first.urgent %}vip{% else %}plain{% endif %}"
          - "{{ 'returns' if first.skill == \"exchanges\" else first.skill }}"
          - "{# not a skill: comment #}{{ first.other }}"
          - "{{- first.third -}}"
  edges:
    - {from: first, to: HANDOVER}
)");
    const auto skills = [this](const char* skill, const char* other, const char* third) {
        outputs["first"] = {{"urgent", true}, {"skill", skill}, {"other", other}, {"third", third}};
        return result()["config"]["required_skills"];
    };
    EXPECT_EQ(skills("exchanges", "plain", "returns"), Json({"vip", "returns", "plain", "returns"}));
    EXPECT_EQ(skills("first", "comment", "if"), Json({"vip"}));
}

class CallForHuman : public Executor {
  protected:
    void load_with(const std::string& triggers) {
        load("name: asks\nhil_config:\n  handover_triggers: [" + triggers +
             "]\nworkflow:\n  nodes:\n    - {id: first, agent: simple_evaluator}\n"
             "    - {id: second, agent: simple_evaluator}\n    - {id: DONE, type: sink, action: "
             "finish_conversation}\n"
             "  edges:\n    - {from: first, to: second}\n    - {from: second, to: DONE}\n");
        outputs["first"] = {{"handover_to_human", call}};
        outputs["second"] = Json::object();
    }

    Json call = {{"reason", "wants a refund"}, {"required_skills", {"billing"}}, {"priority", 2}};
};

TEST_F(CallForHuman, IsReportedWhereNoTriggerJudgesIt) {
    load_with("");
    run();
    ASSERT_EQ(reports.bodies.size(), 1U);
    EXPECT_EQ(reports.bodies[0]["handover"], call);
    EXPECT_EQ(reports.bodies[0]["steps"][0]["node"], "first");
    EXPECT_EQ(steps.started, Texts{"first"});
    // Also by an attempt that finds the step recorded.
    input["steps"] = {{"first", outputs["first"]}};
    run();
    ASSERT_EQ(reports.bodies.size(), 1U);
    EXPECT_EQ(reports.bodies[0]["handover"], call);
}

TEST_F(CallForHuman, IsLeftToTheTriggerAndSaysWhereTo) {
    load_with("{type: agent_decision}");
    run();
    const Json step = reports.bodies.at(0)["steps"][0];
    EXPECT_FALSE(reports.bodies[0].contains("handover"));
    EXPECT_EQ(step["usage"]["handover"], Json({{"required_skills", {"billing"}}, {"priority", 2}}));
}

}  // namespace
}  // namespace hil::worker
