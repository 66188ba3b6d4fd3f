// The provider `rules`: its file and its determinism.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "llm/rules.hpp"

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

// What a node asks with.
struct Request {
    std::string node;
    Json output_schema, variables;
};

Request request(const std::string& message, const std::string& node = "classify") {
    return {node,
            Json::parse(R"({"type": "object",
                "properties": {"intent": {}, "confidence": {}, "complexity": {}, "needs_human": {}}})"),
            {{"customer_message", message}, {"instructions", nullptr}, {"conversation", {{"id", "c1"}}}}};
}

Json answer(llm::RulesProvider& provider, const Request& request) {
    return provider.answer(request.node, request.output_schema, request.variables);
}

std::string intent(llm::RulesProvider& provider, const std::string& message) {
    return answer(provider, request(message))["intent"];
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
    Request given = request("my order");
    given.variables["instructions"] = "refund it";
    EXPECT_EQ(answer(provider, given)["intent"], "back");
}

TEST(Rules, AnswersTheFieldsThatTheNodeAsksFor) {
    llm::RulesProvider provider(small);
    EXPECT_EQ(
        answer(provider, request("return")),
        Json::parse(
            R"({"intent": "returns", "confidence": 0.9, "complexity": "medium", "needs_human": false})"));
    Request evaluation = request("return", "check");
    evaluation.output_schema = {{"type", "object"}};
    EXPECT_EQ(answer(provider, evaluation),
              Json::parse(R"({"can_handle": true, "resolved": true, "satisfaction_likely": true,
                              "needs_handover": false, "reason": "the request is a standard one"})"));
    evaluation.variables["customer_message"] = "?";
    EXPECT_EQ(answer(provider, evaluation),
              Json::parse(R"({"can_handle": false, "resolved": false, "satisfaction_likely": false,
                              "needs_handover": true, "reason": "the request is not clear"})"));
    EXPECT_EQ(answer(provider, request("flaky", "special")), Json::parse(R"({"anything": [1]})"));
}

TEST(Rules, FailsAsOftenAsItIsToldInEachConversation) {
    llm::RulesProvider provider(small);
    Request given = request("flaky", "handle");
    EXPECT_THROW(answer(provider, given), ProviderError);
    EXPECT_NO_THROW(answer(provider, request("flaky", "elsewhere")));
    EXPECT_THROW(answer(provider, given), ProviderError);
    EXPECT_NO_THROW(answer(provider, given));
    given.variables["conversation"]["id"] = "c2";
    EXPECT_THROW(answer(provider, given), ProviderError);
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

}  // namespace
}  // namespace hil::worker
