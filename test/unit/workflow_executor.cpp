// Executing workflows with a scripted provider: every path through the seed's, and what a run depends on.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "workflow/executor.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using namespace std::string_literals;
using Texts = std::vector<std::string>;

// Answers by node, and remembers what it was asked.
class Scripted : public llm::Provider {
  public:
    std::map<std::string, Json> outputs;
    std::map<std::string, llm::ProviderError> errors;
    std::vector<llm::Request> requests;

    llm::Reply complete(const llm::Request& request) override {
        requests.push_back(request);
        if (const auto error = errors.find(request.node); error != errors.end()) throw error->second;
        return {outputs.at(request.node), 100, 20, 0.003};
    }
};

std::string seed() {
    std::ifstream in(HIL_SOURCE_DIR "/worker/workflows/customer_support_hil.yaml", std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

class Executor : public ::testing::Test {
  protected:
    Executor() {
        auto owned = std::make_unique<Scripted>();
        provider = owned.get();
        providers["rules"] = std::move(owned);
        provider->outputs = {{"classify_intent",
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
        workflow = result.loaded->workflow;
    }

    Execution run() {
        const RecordStep record = [this](const std::string& node, const Json& output, const Json& usage) {
            recorded.push_back(node);
            outputs.push_back(output);
            usages.push_back(usage);
            const auto verdict = verdicts.find(node);
            return verdict == verdicts.end() ? Verdict{Verdict::Action::proceed, "", ""} : verdict->second;
        };
        return execute(workflow, catalogue, providers, input, record, abandoned);
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

    Texts asked() const {
        Texts nodes;
        for (const llm::Request& request : provider->requests) nodes.push_back(request.node);
        return nodes;
    }

    Catalogue catalogue = Catalogue::builtin();
    Workflow workflow;
    llm::Providers providers;
    Scripted* provider;
    Json input = {
        {"customer_message", "I want to return {{ this }}"},
        {"messages", Json::array({{{"sender_type", "user"}, {"content", "I want to return {{ this }}"}}})},
        {"memory_context", "Returned a lamp in May."},
        {"instructions", nullptr},
        {"conversation", {{"id", "c1"}, {"metadata", Json::object()}, {"handover_count", 0}}},
        {"steps", Json::object()}};
    std::map<std::string, Verdict> verdicts;
    std::atomic<bool> abandoned{false};
    Texts recorded;
    std::vector<Json> outputs;
    std::vector<Json> usages;
};

class Seed : public Executor {
  protected:
    void SetUp() override { load(seed()); }
};

TEST_F(Seed, Finishes) {
    const Execution execution = run();
    EXPECT_TRUE(execution.completed);
    EXPECT_EQ(execution.result["sink"], "FINISH");
    EXPECT_EQ(execution.result["config"],
              Json({{"status", "resolved"}, {"update_analytics", true}, {"response", "Send it back."}}));
    EXPECT_EQ(recorded, (Texts{"classify_intent", "check_confidence", "handle_with_ai", "evaluate_result"}));
    EXPECT_EQ(asked(), recorded);
}

TEST_F(Seed, HandsOverWhenItCannotHandle) {
    provider->outputs["check_confidence"]["can_handle"] = false;
    const Execution execution = run();
    EXPECT_EQ(execution.result["sink"], "HANDOVER");
    EXPECT_EQ(recorded, (Texts{"classify_intent", "check_confidence"}));
    EXPECT_EQ(execution.result["config"], Json({{"required_skills", {"returns", "order_management"}},
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
    provider->outputs["evaluate_result"] = {{"resolved", false},
                                            {"satisfaction_likely", false},
                                            {"needs_handover", true},
                                            {"reason", "not resolved"}};
    provider->outputs["classify_intent"]["intent"] = "billing";
    provider->outputs["classify_intent"]["complexity"] = "low";
    const Execution execution = run();
    EXPECT_EQ(execution.result["sink"], "HANDOVER");
    const Json& config = execution.result["config"];
    EXPECT_EQ(config["required_skills"], Json({"billing", "payments"}));
    EXPECT_EQ(config["priority"], 7);
    EXPECT_EQ(config["handover_context"]["ai_result"], "{'answer': 'Send it back.', 'success': True}");
    EXPECT_EQ(config["handover_context"]["reason"], "not resolved");
    EXPECT_FALSE(config.contains("response"));  // the AI's answer is not for a customer who gets a human
}

TEST_F(Seed, ReachesNoSink) {
    provider->outputs["evaluate_result"]["resolved"] = false;
    const Execution execution = run();
    EXPECT_TRUE(execution.completed);
    EXPECT_EQ(execution.result, Json({{"sink", nullptr}}));
}

TEST_F(Seed, ReachesNoSinkWhenTheEvaluationSaysNothing) {
    provider->outputs["check_confidence"] = Json::object();
    EXPECT_EQ(run().result, Json({{"sink", nullptr}}));
    EXPECT_EQ(recorded, (Texts{"classify_intent", "check_confidence"}));
}

TEST_F(Seed, AHandoverVerdictEndsItAtOnce) {
    verdicts["classify_intent"] = {Verdict::Action::handover, "confidence_threshold", "0.4 < 0.7"};
    const Execution execution = run();
    EXPECT_FALSE(execution.completed);
    EXPECT_EQ(asked(), Texts{"classify_intent"});
}

TEST_F(Seed, AStopVerdictEndsItAtOnce) {
    verdicts["handle_with_ai"] = {Verdict::Action::stop, "", ""};
    EXPECT_FALSE(run().completed);
    EXPECT_EQ(asked(), (Texts{"classify_intent", "check_confidence", "handle_with_ai"}));
}

TEST_F(Seed, AnAbandonedRunAsksNothingMore) {
    abandoned = true;
    EXPECT_FALSE(run().completed);
    EXPECT_EQ(asked(), Texts{});
}

TEST_F(Seed, FinishedStepsAreNotExecutedAgain) {
    input["steps"] = {{"classify_intent", provider->outputs["classify_intent"]},
                      {"check_confidence", provider->outputs["check_confidence"]},
                      {"handle_with_ai", {{"answer", "From before."}, {"success", true}}}};
    const Execution execution = run();
    EXPECT_EQ(asked(), Texts{"evaluate_result"});
    EXPECT_EQ(recorded, Texts{"evaluate_result"});
    EXPECT_EQ(execution.result["sink"], "FINISH");
    EXPECT_EQ(execution.result["config"]["response"], "From before.");
    EXPECT_NE(provider->requests[0].prompt.find("AI response: From before."), std::string::npos);
}

TEST_F(Seed, AllStepsFinishedOnlyTheSinkIsLeft) {
    for (const auto& [node, output] : provider->outputs) input["steps"][node] = output;
    EXPECT_EQ(run().result["sink"], "FINISH");
    EXPECT_EQ(asked(), Texts{});
    EXPECT_EQ(recorded, Texts{});
}

TEST_F(Seed, PromptsAreRenderedOnceWithWhatRan) {
    run();
    EXPECT_EQ(provider->requests[1].prompt,
              "Evaluate if AI can handle this confidently:\n\nIntent: return_request\nConfidence: 0.9\n"
              "Complexity: medium\n\nReturn: {can_handle: true/false, reason: \"...\"}");
    EXPECT_NE(provider->requests[3].prompt.find("Original request: I want to return {{ this }}\n"),
              std::string::npos);
    EXPECT_NE(provider->requests[3].prompt.find("Success: True\n"), std::string::npos);
}

TEST_F(Seed, ANodeWithoutATemplateGetsTheConversation) {
    input["instructions"] = "Refund approved.";
    run();
    const llm::Request& request = provider->requests[0];
    EXPECT_EQ(
        request.prompt,
        "Earlier conversations with this customer:\nReturned a lamp in May.\n\nThe conversation so far:\n"
        "customer: I want to return {{ this }}\n\nWhat the customer writes now:\nI want to return {{ this "
        "}}");
    EXPECT_NE(request.system_prompt.find("with these instructions:\nRefund approved."), std::string::npos);
    EXPECT_EQ(request.variables["customer_message"], "I want to return {{ this }}");
    EXPECT_FALSE(request.variables.contains("steps"));
}

TEST_F(Seed, TheRequestSaysWhatTheNodeIsConfiguredFor) {
    catalogue.model_profiles["balanced"].model = "large";
    catalogue.model_profiles["balanced"].options = {{"temperature", 0}};
    run();
    const llm::Request& request = provider->requests[2];
    EXPECT_EQ(request.agent, "reasoning_support_agent");
    EXPECT_EQ(request.model, "large");
    EXPECT_EQ(request.options, Json({{"temperature", 0}}));
    EXPECT_EQ(request.tools, (Texts{"shopify.*", "gmail.send_email"}));
    EXPECT_EQ(request.max_iterations, 10);
    EXPECT_EQ(request.output_schema["required"], Json({"answer", "success"}));
    EXPECT_EQ(usages[2]["model"], "large");
}

TEST_F(Seed, UsageIsReportedWithTheHandoverAsOfTheStep) {
    run();
    const Json& usage = usages[0];
    EXPECT_EQ(usage["input_tokens"], 100);
    EXPECT_EQ(usage["output_tokens"], 20);
    EXPECT_EQ(usage["cost_usd"], 0.003);
    EXPECT_GE(usage["duration_ms"].get<int>(), 0);
    EXPECT_EQ(usage["model"], "rules");
    EXPECT_EQ(usage["handover"]["required_skills"], Json({"returns", "order_management"}));
    EXPECT_EQ(usage["handover"]["priority"], 5);
    EXPECT_EQ(usage["handover"]["handover_context"]["ai_result"], "");
    EXPECT_NE(usages[3]["handover"]["handover_context"]["ai_result"], "");
    EXPECT_EQ(outputs[0], provider->outputs["classify_intent"]);
}

TEST_F(Seed, OutputThatDoesNotFitItsSchemaFailsTheStep) {
    provider->outputs["classify_intent"]["confidence"] = "very";
    const StepFailed own = failure();
    EXPECT_EQ(own.node, "classify_intent");
    EXPECT_TRUE(own.retryable);
    EXPECT_NE(std::string(own.what()).find("confidence"), std::string::npos) << own.what();
    EXPECT_EQ(recorded, Texts{});

    provider->outputs["classify_intent"]["confidence"] = 0.9;
    provider->outputs["handle_with_ai"].erase("success");
    EXPECT_EQ(failure().node, "handle_with_ai");  // by the preset's schema
}

TEST_F(Seed, OutputThatTheDatabaseWouldRefuseFailsTheStep) {
    Json deep = 1;
    for (int i = 0; i < 70; ++i) deep = {{"x", deep}};
    provider->outputs["check_confidence"]["more"] = deep;
    EXPECT_EQ(failure().node, "check_confidence");
    provider->outputs["check_confidence"]["more"] = std::string(max_json_bytes, 'x');
    EXPECT_TRUE(failure().retryable);
    provider->outputs["check_confidence"]["more"] = "\xff";
    EXPECT_TRUE(failure().retryable);
    for (const Json& more : {Json("a\0b"s), Json({{"\0"s, 1}}), Json(std::vector<int>(400'000, 1)),
                             Json(std::vector<double>(10'000, 1e300))}) {
        provider->outputs["check_confidence"]["more"] = more;
        EXPECT_EQ(failure().node, "check_confidence");
        EXPECT_TRUE(failure().retryable);
    }
    provider->outputs["check_confidence"]["more"] = "a\\u0000b";  // no such character, only its name
    EXPECT_TRUE(run().completed);
}

TEST_F(Seed, AProvidersErrorIsPassedOn) {
    provider->errors.emplace("handle_with_ai", llm::ProviderError("overloaded", true, milliseconds(1500)));
    const StepFailed error = failure();
    EXPECT_EQ(error.node, "handle_with_ai");
    EXPECT_STREQ(error.what(), "overloaded");
    EXPECT_TRUE(error.retryable);
    EXPECT_EQ(error.retry_after, milliseconds(1500));
    EXPECT_EQ(recorded, (Texts{"classify_intent", "check_confidence"}));
}

TEST_F(Seed, AProfileWhoseProviderIsNotConfiguredFailsForGood) {
    catalogue.model_profiles["fast"].provider = "elsewhere";
    EXPECT_FALSE(failure().retryable);
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
    provider->outputs["ask"] = {{"name", "{{ 7 * 7 }}"}};
    EXPECT_EQ(run().result,
              Json({{"sink", "FIRST"}, {"config", {{"response", "Hello {{ 7 * 7 }}"}, {"list", {"2"}}}}}));
    provider->outputs["ask"] = {{"later", true}, {"answer", "bye"}};
    EXPECT_EQ(run().result, Json({{"sink", "LATER"}, {"config", {{"response", "bye"}}}}));
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
    provider->outputs = {{"a", {{"go", "b"}}}, {"b", {{"on", true}}}, {"c", Json::object()}};
    EXPECT_EQ(run().result["sink"], "S");
    EXPECT_EQ(recorded, (Texts{"a", "b", "c"}));
    recorded.clear();
    provider->outputs["a"]["go"] = "c";
    EXPECT_EQ(run().result["sink"], "S");
    EXPECT_EQ(recorded, (Texts{"a", "c"}));
    recorded.clear();
    provider->outputs["a"]["go"] = "nowhere";
    EXPECT_EQ(run().result["sink"], nullptr);
    EXPECT_EQ(recorded, Texts{"a"});
}

TEST_F(Executor, AHandoverThatCannotBeRenderedIsLeftOutOfTheUsageAndFailsAsASink) {
    load(R"(name: w
workflow:
  nodes:
    - {id: ask, agent: simple_evaluator}
    - {id: H, type: sink, action: handover_to_human, config: {priority: "{{ ask.level }}", required_skills: "{{ ask.skills }}"}}
  edges: [{from: ask, to: H}]
)");
    provider->outputs["ask"] = {{"level", "urgent"}};
    const StepFailed error = failure();
    EXPECT_FALSE(usages[0].contains("handover"));
    EXPECT_EQ(error.node, "H");
    EXPECT_FALSE(error.retryable);
    EXPECT_NE(std::string(error.what()).find("priority"), std::string::npos) << error.what();

    provider->outputs["ask"] = {{"level", 2}, {"skills", {"a", "it's"}}};
    EXPECT_EQ(run().result["config"], Json({{"priority", 2}, {"required_skills", {"a", "it's"}}}));
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
    provider->outputs["ask"] = {{"answer", std::string(300'000, '"')}, {"done", true}};
    EXPECT_EQ(run().result["sink"], "F");
    EXPECT_FALSE(usages[0].contains("handover"));
    EXPECT_EQ(usages[0]["input_tokens"], 100);

    provider->outputs["ask"].erase("done");
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
    provider->outputs["ask"] = {{"zero", 0}};
    const StepFailed error = failure();
    EXPECT_EQ(error.node, "S");
    EXPECT_STREQ(error.what(), "condition: division by zero");
    EXPECT_FALSE(error.retryable);
}

}  // namespace
}  // namespace hil::worker
