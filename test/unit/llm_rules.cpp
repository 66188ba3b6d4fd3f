// The provider `rules`: its file, its determinism, and the seed's workflow driven by the built-in rules.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "llm/rules.hpp"
#include "workflow/executor.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

std::string file(const std::string& name) {
    std::ifstream in(std::string(HIL_SOURCE_DIR) + "/worker/workflows/" + name, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

const std::string small = R"(intents:
  - {intent: order, phrases: [order], reply: About an order.}
  - {intent: late_order, phrases: ["order is late"], confidence: 0.8, reply: Sorry.}
  - {intent: returns, phrases: [send back, return], reply: Send it., complexity: medium}
  - intent: flaky
    phrases: [flaky]
    reply: At last.
    error: {text: boom, times: 2, node: handle}
    nodes: {special: {anything: [1]}}
default: {intent: unknown, confidence: 0.1, reply: "Pardon?"}
handed_back: {intent: back, reply: Here I am again.}
)";

llm::Request request(const std::string& message, const std::string& node = "classify") {
    llm::Request request;
    request.node = node;
    request.output_schema = Json::parse(
        R"({"type": "object", "properties": {"intent": {}, "confidence": {}, "complexity": {}, "needs_human": {}}})");
    request.variables = {
        {"customer_message", message}, {"instructions", nullptr}, {"conversation", {{"id", "c1"}}}};
    return request;
}

std::string intent(llm::RulesProvider& provider, const std::string& message) {
    return provider.complete(request(message)).output["intent"];
}

TEST(Rules, TheLongestPhraseWins) {
    llm::RulesProvider provider(small);
    EXPECT_EQ(intent(provider, "My ORDER,\n please"), "order");
    EXPECT_EQ(intent(provider, "my order  is late"), "late_order");
    EXPECT_EQ(intent(provider, "return my order"), "returns");
    EXPECT_EQ(intent(provider, "reorder"), "unknown");
    EXPECT_EQ(intent(provider, ""), "unknown");
}

TEST(Rules, InstructionsWin) {
    llm::RulesProvider provider(small);
    llm::Request given = request("my order");
    given.variables["instructions"] = "refund it";
    EXPECT_EQ(provider.complete(given).output["intent"], "back");
}

TEST(Rules, AnswersTheFieldsThatTheNodeAsksFor) {
    llm::RulesProvider provider(small);
    EXPECT_EQ(
        provider.complete(request("return")).output,
        Json::parse(
            R"({"intent": "returns", "confidence": 0.9, "complexity": "medium", "needs_human": false})"));
    llm::Request evaluation = request("return", "check");
    evaluation.output_schema = {{"type", "object"}};
    EXPECT_EQ(provider.complete(evaluation).output,
              Json::parse(R"({"can_handle": true, "resolved": true, "satisfaction_likely": true,
                              "needs_handover": false, "reason": "the request is a standard one"})"));
    evaluation.variables["customer_message"] = "?";
    EXPECT_EQ(provider.complete(evaluation).output,
              Json::parse(R"({"can_handle": false, "resolved": false, "satisfaction_likely": false,
                              "needs_handover": true, "reason": "the request is not clear"})"));
    EXPECT_EQ(provider.complete(request("flaky", "special")).output, Json::parse(R"({"anything": [1]})"));
    EXPECT_EQ(provider.complete(evaluation).input_tokens, 0);
}

TEST(Rules, FailsAsOftenAsItIsToldInEachConversation) {
    llm::RulesProvider provider(small);
    llm::Request given = request("flaky", "handle");
    EXPECT_THROW(provider.complete(given), llm::ProviderError);
    EXPECT_NO_THROW(provider.complete(request("flaky", "elsewhere")));
    EXPECT_THROW(provider.complete(given), llm::ProviderError);
    EXPECT_NO_THROW(provider.complete(given));
    given.variables["conversation"]["id"] = "c2";
    EXPECT_THROW(provider.complete(given), llm::ProviderError);
}

TEST(Rules, AreTheSameInEveryThread) {
    llm::RulesProvider provider(small);
    const Texts messages = {"order", "order is late", "return", "nothing"};
    std::vector<Texts> answers(4);
    {
        std::vector<std::jthread> threads;
        threads.reserve(answers.size());
        for (Texts& into : answers)
            threads.emplace_back([&] {
                for (int i = 0; i < 200; ++i) into.push_back(intent(provider, messages[i % messages.size()]));
            });
    }
    for (const Texts& other : answers) EXPECT_EQ(other, answers[0]);
    EXPECT_EQ(answers[0][1], "late_order");
}

TEST(Rules, EveryMistakeOfTheFileIsReportedWithItsPlace) {
    Texts found;
    for (const Mistake& mistake : llm::read_rules(R"(intents:
  - intent: a
    phrases: []
    confidence: 2
    complexity: huge
    colour: red
    reply: x
  - phrases: [x]
    reply: 5
    error: {times: 0}
defualt: {}
handed_back: {intent: a, reply: b, phrases: [c]}
)")
                                      .errors)
        found.push_back(std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + " " +
                        mistake.message.substr(0, 30));
    EXPECT_EQ(found, (Texts{"1:1 lacks the key \"default\"", "3:5 must have at least one phrase",
                            "4:17 must be a number between 0 and", "5:17 must be low, medium or high, g",
                            "6:5 unknown key \"colour\"; known he", "8:5 lacks the key \"intent\"",
                            "9:12 must be a text, got 5", "10:5 lacks the key \"text\"",
                            "10:20 must be an integer of at least", "11:1 unknown key \"defualt\"; known h",
                            "12:36 this rule is used without phra"}));
    EXPECT_THROW(llm::RulesProvider("intents: []\n"), std::runtime_error);
}

TEST(Rules, TheBuiltInOnesAreTheFile) { EXPECT_EQ(llm::builtin_rules(), file("rules.yaml")); }

// The seed's workflow with the built-in rules; what the database would judge at each step is not played here.
class BuiltinRules : public ::testing::Test {
  protected:
    Execution run(const std::string& message, const std::string& workflow = "customer_support_hil.yaml",
                  const Json& instructions = nullptr) {
        const Catalogue catalogue = Catalogue::builtin();
        const auto loaded = load_workflow_text(file(workflow), catalogue).loaded;
        llm::Providers providers;
        providers["rules"] = std::make_unique<llm::RulesProvider>();
        const Json input = {{"customer_message", message},    {"messages", Json::array()},
                            {"memory_context", ""},           {"instructions", instructions},
                            {"conversation", {{"id", "c1"}}}, {"steps", Json::object()}};
        steps = Json::object();
        const RecordStep record = [this](const std::string& node, const Json& output, const Json&) {
            steps[node] = output;
            return Verdict{Verdict::Action::proceed, "", ""};
        };
        const std::atomic<bool> abandoned{false};
        return execute(loaded->workflow, catalogue, providers, input, record, abandoned);
    }

    Json steps;
};

TEST_F(BuiltinRules, FinishWithTheirReply) {
    const Execution execution = run("Hello, where is my order?");
    EXPECT_EQ(execution.result["sink"], "FINISH");
    EXPECT_NE(execution.result["config"]["response"].get<std::string>().find("on its way"),
              std::string::npos);
    EXPECT_EQ(run("I'd like to return an item").result["sink"], "FINISH");
    EXPECT_EQ(run("I can’t log in").result["sink"], "FINISH");
}

TEST_F(BuiltinRules, HandOverAndRouteBySkill) {
    const Json config = run("I was charged twice!").result["config"];
    EXPECT_EQ(steps["classify_intent"]["complexity"], "high");
    EXPECT_EQ(config["required_skills"], Json({"billing", "payments"}));
    EXPECT_EQ(config["priority"], 3);
    EXPECT_EQ(run("the app keeps crashing").result["config"]["required_skills"], Json({"technical"}));
}

TEST_F(BuiltinRules, GiveEachTriggerItsCase) {
    run("something is wrong");
    EXPECT_LT(steps["classify_intent"]["confidence"], 0.7);
    run("This is unacceptable");
    EXPECT_EQ(steps["classify_intent"]["needs_human"], true);
    EXPECT_GE(steps["classify_intent"]["confidence"], 0.7);
    run("blah blah");
    EXPECT_EQ(steps["classify_intent"]["intent"], "unknown");
}

TEST_F(BuiltinRules, HandOverByTheEvaluations) {
    EXPECT_EQ(run("The parcel arrived damaged").result["sink"], "HANDOVER");
    EXPECT_EQ(steps["check_confidence"]["can_handle"], false);
    EXPECT_FALSE(steps.contains("handle_with_ai"));
    const Execution execution = run("please change my address");
    EXPECT_EQ(execution.result["sink"], "HANDOVER");
    EXPECT_EQ(execution.result["config"]["handover_context"]["reason"],
              "the order has to be changed by hand");
    EXPECT_TRUE(steps.contains("evaluate_result"));
}

TEST_F(BuiltinRules, ReachNoSinkAndFail) {
    EXPECT_EQ(run("I have feedback").result["sink"], nullptr);
    EXPECT_THROW(run("simulate an outage"), StepFailed);
}

TEST_F(BuiltinRules, AnswerAfterAHandBack) {
    EXPECT_EQ(run("I was charged twice!", "customer_support_hil.yaml", "Refund is approved").result["sink"],
              "FINISH");
}

TEST_F(BuiltinRules, DriveTheExampleThatKeepsTheConversationOpen) {
    const Execution execution = run("where is my order", "order_status.yaml");
    EXPECT_EQ(execution.result["sink"], "WAIT");
    EXPECT_TRUE(
        execution.result["config"]["response"].get<std::string>().ends_with("Is there anything else?"));
    const Execution other = run("copy of my invoice", "order_status.yaml");
    EXPECT_EQ(other.result["sink"], "HANDOVER");
    EXPECT_EQ(other.result["config"]["required_skills"], Json({"billing"}));
}

}  // namespace
}  // namespace hil::worker
