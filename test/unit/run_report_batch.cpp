// Which reports go together, and what the database's answers mean.
#include <gtest/gtest.h>

#include "db/report_batch.hpp"

namespace hil::worker {
namespace {

WaitingReportPtr report(std::int64_t run_id, Json body = Json::object()) {
    return std::make_shared<WaitingReport>(Report{run_id, 2, "c-1", std::move(body)});
}

std::vector<std::int64_t> runs_of(const std::vector<WaitingReportPtr>& reports) {
    std::vector<std::int64_t> runs;
    for (const WaitingReportPtr& report : reports) runs.push_back(report->report.run_id);
    return runs;
}

using Runs = std::vector<std::int64_t>;

TEST(ReportBatch, WhatIsThereGoesTogetherInItsOrder) {
    ReportQueue queue;
    for (int run = 1; run <= 3; ++run) queue.add(report(run), /*alone=*/false);
    queue.add(report(4), /*alone=*/true);
    const auto taken = queue.take_together();
    EXPECT_EQ(runs_of(taken), (Runs{1, 2, 3}));
    EXPECT_FALSE(queue.has_some());
    EXPECT_EQ(queue.take_alone({})->report.run_id, 4);
    EXPECT_EQ(queue.take_alone({}), nullptr);
    EXPECT_EQ(Json::parse(argument_of(taken))[1],
              Json({{"run_id", 2}, {"attempt", 2}, {"conversation_id", "c-1"}}));
}

TEST(ReportBatch, NoMoreThanTheDatabaseTakes) {
    ReportQueue queue;
    for (int run = 0; run < 101; ++run) queue.add(report(run), /*alone=*/false);
    EXPECT_EQ(queue.take_together().size(), max_batch_reports);
    EXPECT_EQ(runs_of(queue.take_together()), Runs{100});
    for (int run = 0; run < 3; ++run)
        queue.add(report(run, {{"steps", std::string(400'000, 'x')}}), /*alone=*/false);
    EXPECT_EQ(runs_of(queue.take_together()), (Runs{0, 1}));
    EXPECT_EQ(runs_of(queue.take_together()), Runs{2});
}

TEST(ReportBatch, WhatNobodyWaitsForIsNotSent) {
    ReportQueue queue;
    const WaitingReportPtr gone = report(1), lone = report(2);
    gone->unwanted = lone->unwanted = true;
    queue.add(gone, /*alone=*/false);
    queue.add(lone, /*alone=*/true);
    EXPECT_TRUE(queue.take_together().empty());
    EXPECT_EQ(queue.take_alone({}), nullptr);
}

TEST(ReportBatch, WhatIsPutOffLetsOthersGoBeforeIt) {
    const ReportQueue::Clock::time_point now{std::chrono::seconds(100)};
    ReportQueue queue;
    EXPECT_EQ(queue.next_alone(), ReportQueue::Clock::time_point::max());
    const WaitingReportPtr held = report(1), other = report(2);
    held->not_before = now + std::chrono::milliseconds(100);
    queue.add(held, /*alone=*/true);
    queue.add(other, /*alone=*/true);
    EXPECT_EQ(queue.take_alone(now), other);
    EXPECT_EQ(queue.take_alone(now), nullptr);
    EXPECT_EQ(queue.next_alone(), held->not_before);
    EXPECT_EQ(queue.take_alone(held->not_before), held);
}

TEST(ReportBatch, WhatIsTooLargeOrTooDeepGoesInParts) {
    EXPECT_FALSE(report(1, {{"steps", std::string(500'000, 'x')}})->in_parts);
    EXPECT_TRUE(report(1, {{"steps", std::string(max_report_bytes, 'x')}})->in_parts);
    Json deep = 1;
    for (int i = 0; i < max_report_depth - 1; ++i) deep = Json::array({deep});
    EXPECT_FALSE(report(1, {{"steps", deep}})->in_parts);
    EXPECT_TRUE(report(1, {{"steps", Json::array({deep})}})->in_parts);
}

TEST(ReportBatch, BrokenTextIsMended) {
    const Json sent = Json::parse(report(1, {{"steps", "caf\xE9"}})->text);
    EXPECT_EQ(sent["steps"], "caf\uFFFD");
}

TEST(ReportAnswer, EveryAnswerIsUnderstood) {
    using Action = Answer::Action;
    EXPECT_EQ(answer_of({{"action", "continue"}})->action, Action::proceed);
    const auto done = answer_of({{"action", "done"}, {"status", "succeeded"}});
    EXPECT_EQ(done->action, Action::done);
    EXPECT_EQ(done->reason, "succeeded");
    const auto handover = answer_of({{"action", "handover"}, {"trigger", "complexity"}, {"reason", "high"}});
    EXPECT_EQ(handover->action, Action::handover);
    EXPECT_EQ(handover->trigger, "complexity");
    const auto refused = answer_of({{"action", "refused"}, {"sqlstate", "22023"}, {"message", "no sink"}});
    EXPECT_EQ(refused->action, Action::refused);
    EXPECT_EQ(refused->sqlstate, "22023");
    EXPECT_EQ(refused->reason, "no sink");
    EXPECT_EQ(answer_of({{"action", "stop"}, {"reason", "cancelled"}})->reason, "cancelled");
    EXPECT_FALSE(answer_of({{"action", "alone"}, {"why", "held"}}));
    EXPECT_EQ(answer_of({{"accepted", true}, {"status", "finished"}})->action, Action::done);
    EXPECT_EQ(answer_of({{"accepted", false}, {"reason", "late"}})->action, Action::stop);
    EXPECT_EQ(answer_of(Json::object())->action, Action::stop) << "what says nothing ends the run";
}

}  // namespace
}  // namespace hil::worker
