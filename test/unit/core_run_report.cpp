#include "core/run_report.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

Json whole() {
    return Json::parse(R"({
        "run_id": 7, "attempt": 2, "conversation_id": "c0",
        "calls": [{"node": "answer", "call": 1, "turn": 1, "tool": "shop.order", "arguments": {"id": 17},
                   "message": {"role": "assistant"}, "usage": {"input_tokens": 10, "cost_usd": 0.5}},
                  {"node": "answer", "call": 1, "result": "socks", "is_error": true, "duration_ms": 40}],
        "steps": [{"node": "answer", "output": {"answer": "Yes."},
                   "usage": {"cost_usd": 0.25, "model": "m", "handover": {"priority": 2}}}],
        "result": {"sink": "FINISH"}})");
}

TEST(RunReport, SaysWhoseItIs) {
    const RunReport report = read_report(whole());
    EXPECT_EQ(report.run, 7);
    EXPECT_EQ(report.attempt, 2);
    EXPECT_EQ(report.conversation, "c0");
}

TEST(RunReport, ACallIsMadeAndAnswered) {
    const RunReport report = read_report(whole());
    ASSERT_EQ(report.calls.size(), 2u);
    const CallNote& made = report.calls[0];
    EXPECT_EQ(made.node, "answer");
    ASSERT_TRUE(made.made && !made.answered);
    EXPECT_EQ(made.made->tool, "shop.order");
    EXPECT_EQ(made.made->arguments, Json({{"id", 17}}));
    EXPECT_EQ(made.made->used.input_tokens, 10);
    EXPECT_EQ(made.made->used.cost_usd, 0.5);
    const CallNote& answered = report.calls[1];
    ASSERT_TRUE(answered.answered && !answered.made);
    EXPECT_EQ(answered.answered->result, "socks");
    EXPECT_TRUE(answered.answered->is_error);
    EXPECT_EQ(answered.answered->duration_ms, 40);
}

TEST(RunReport, AStepKeepsItsUsageWithoutTheWayOfAHandover) {
    const ReportedStep step = read_report(whole()).steps.at(0);
    EXPECT_EQ(step.output_text, R"({"answer":"Yes."})");
    EXPECT_EQ(step.usage, Json({{"cost_usd", 0.25}, {"model", "m"}}));
    ASSERT_TRUE(step.used.handover);
    EXPECT_EQ(step.used.handover->priority, 2);
}

TEST(RunReport, WhatIsNotSaidIsNotThere) {
    const RunReport report = read_report(Json{{"run_id", 1}, {"attempt", 1}, {"conversation_id", "c"}});
    EXPECT_TRUE(report.calls.empty());
    EXPECT_TRUE(report.steps.empty());
    EXPECT_TRUE(std::holds_alternative<std::monostate>(report.ending));
}

TEST(RunReport, AFailureSaysWhenToTryAgain) {
    Json document = whole();
    document.erase("result");
    document["failure"] = {{"error", "429"}, {"retryable", true}, {"retry_after_seconds", 1.5}};
    const auto failure = std::get<ReportedFailure>(read_report(document).ending);
    EXPECT_EQ(failure.error, "429");
    EXPECT_TRUE(failure.retryable);
    EXPECT_EQ(failure.retry_after_seconds, 1.5);
}

TEST(RunReport, AHandoverHasItsReason) {
    Json document = whole();
    document.erase("result");
    document["handover"] = {{"reason", "limit"}, {"priority", 1}, {"usage", {{"cost_usd", 2}}}};
    const auto handover = std::get<ReportedHandover>(read_report(document).ending);
    EXPECT_EQ(handover.route.reason, "limit");
    EXPECT_EQ(handover.route.priority, 1);
    EXPECT_EQ(handover.used.cost_usd, 2);
    document["handover"].erase("reason");
    EXPECT_THROW(read_report(document), Refusal);
}

TEST(RunReport, APostponementSaysWhyAndForHowLong) {
    Json document = whole();
    document.erase("result");
    document["postponed"] = {{"reason", "cut off"}, {"after_seconds", 1.5}, {"usage", {{"cost_usd", 2}}}};
    const auto postponed = std::get<ReportedPostponement>(read_report(document).ending);
    EXPECT_EQ(postponed.reason, "cut off");
    EXPECT_EQ(postponed.after_seconds, 1.5);
    EXPECT_EQ(postponed.used.cost_usd, 2);
    for (const char* key : {"reason", "after_seconds"}) {
        Json lacking = document;
        lacking["postponed"].erase(key);
        EXPECT_THROW(read_report(lacking), Refusal) << key;
    }
    document["postponed"]["after_seconds"] = 86'401;
    EXPECT_THROW(read_report(document), Refusal);
}

TEST(RunReport, HasOneEndingAtMost) {
    Json document = whole();
    document["handover"] = {{"reason", "limit"}};
    EXPECT_THROW(read_report(document), Refusal);
}

TEST(RunReport, NumbersOfCallsAreBounded) {
    for (const int number : {0, -1, max_call_number + 1}) {
        Json document = whole();
        document["calls"][0]["call"] = number;
        EXPECT_THROW(read_report(document), Refusal) << number;
    }
}

}  // namespace
}  // namespace hil
