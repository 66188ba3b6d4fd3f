// Answers that do not fit: the model is told what is wrong, and not for ever.
#include "step/repair.hpp"
#include "step_support.hpp"

namespace hil::worker {
namespace {

class StepRepair : public StepTest {};

TEST_F(StepRepair, AFittingAnswerIsTheOutput) {
    provider->replies = {says(R"({"answer": "Soon.", "more": 1})")};
    const StepOutput done = run();
    EXPECT_EQ(done.output, Json({{"answer", "Soon."}, {"more", 1}}));
    EXPECT_EQ(done.usage["input_tokens"], 100);
    EXPECT_EQ(done.usage["output_tokens"], 20);
    EXPECT_EQ(done.usage["cost_usd"], 0.001);
    EXPECT_EQ(done.usage["model"], "m1");
    EXPECT_GE(done.usage["duration_ms"], 0);
    EXPECT_TRUE(provider->asked[0].tools.empty());
    EXPECT_NE(provider->asked[0].prompt.find("Where is my order?"), std::string::npos);
    EXPECT_TRUE(notes.empty());
}

TEST_F(StepRepair, TheModelIsToldWhatIsWrongAndPaidForIt) {
    provider->replies = {says("Soon."), says(R"({"answer": 5})"), says(R"({"answer": "Soon."})")};
    const StepOutput done = run();
    EXPECT_EQ(done.output["answer"], "Soon.");
    EXPECT_EQ(done.usage["input_tokens"], 300);
    ASSERT_EQ(provider->asked.size(), 3U);
    ASSERT_EQ(provider->asked[2].turns.size(), 2U);
    EXPECT_EQ(provider->asked[2].turns[0].text, "Soon.");
    EXPECT_EQ(provider->asked[2].turns[0].correction,
              "Your answer does not fit: the output is not valid JSON. Answer again with one JSON object "
              "that fits.");
    const std::string second = provider->asked[2].turns[1].correction;
    EXPECT_TRUE(
        second.starts_with("Your answer does not fit: the output does not fit its schema: [answer]: "))
        << second;
}

TEST_F(StepRepair, IsTriedSoOftenAndThenTheStepFails) {
    for (const int attempts : {0, 1, 5}) {
        profile().repair_attempts = attempts;
        provider->asked.clear();
        provider->replies.assign(10, says("Soon."));
        const StepFailed error = failure();
        EXPECT_STREQ(error.what(), "the output is not valid JSON");
        EXPECT_TRUE(error.retryable);
        EXPECT_EQ(error.node, "answer");
        EXPECT_EQ(provider->asked.size(), static_cast<std::size_t>(attempts) + 1);
    }
}

TEST_F(StepRepair, AnAnswerByToolIsCorrectedByItsResult) {
    Reply wrong = says("{}");
    wrong.turn.calls = {{"t1", "final_answer", "{}"}};
    provider->replies = {wrong, says(R"({"answer": "Soon."})")};
    EXPECT_EQ(run().output["answer"], "Soon.");
    const ModelTurn& turn = provider->asked[1].turns.at(0);
    ASSERT_EQ(turn.results.size(), 1U);
    EXPECT_TRUE(turn.results.at(0).is_error);
    EXPECT_TRUE(turn.results.at(0).text.starts_with("Your answer does not fit: "));
    EXPECT_EQ(turn.correction, "");
}

TEST_F(StepRepair, WhatTheDatabaseWouldRefuseDoesNotFit) {
    OutputSchema any{Json::object()};
    Json output;
    EXPECT_NE(read_answer(std::string(100, '[') + std::string(100, ']'), any, output), "");
    EXPECT_NE(read_answer(R"({"a": "\u0000"})", any, output), "");
    EXPECT_NE(read_answer("\"" + std::string(2 << 20, 'x') + "\"", any, output), "");
    EXPECT_NE(read_answer("", any, output), "");
    EXPECT_EQ(read_answer("{}", any, output), "");
}

TEST_F(StepRepair, ThereIsNoRepairForAnAnswerThatWasCutOffOrRefused) {
    const std::map<Finish, std::string> texts = {
        {Finish::truncated, "the answer was cut off at max_tokens 4096"},
        {Finish::refused, "the model refused: I will not."},
        {Finish::filtered, "the provider's filter stopped the answer: I will not."}};
    for (const auto& [finish, text] : texts) {
        Reply reply = says("{}");
        reply.finish = finish;
        reply.answer.reset();
        reply.detail = "I will\nnot.";
        provider->replies = {reply};
        const StepFailed error = failure();
        EXPECT_EQ(error.what(), text);
        EXPECT_FALSE(error.retryable);
    }
}

TEST_F(StepRepair, AProvidersErrorIsTheSteps) {
    provider->error.emplace(ProviderError::Kind::rate, "openai: 429", true, std::chrono::seconds(9));
    const StepFailed error = failure();
    EXPECT_STREQ(error.what(), "openai: 429");
    EXPECT_TRUE(error.retryable);
    EXPECT_EQ(error.retry_after, std::chrono::seconds(9));
    provider->error.emplace(ProviderError::Kind::money, "openai: no credit", false);
    EXPECT_FALSE(failure().retryable);
}

TEST_F(StepRepair, WhatIsNotConfiguredFailsForGood) {
    profile().provider = "nobody";
    EXPECT_STREQ(failure().what(), "the provider nobody is not configured");
    node.config["model_profile"] = "none";
    EXPECT_STREQ(failure().what(), "unknown model profile none");
    node.agent = "nobody";
    EXPECT_STREQ(failure().what(), "unknown agent nobody");
    EXPECT_FALSE(failure().retryable);
}

}  // namespace
}  // namespace hil::worker
