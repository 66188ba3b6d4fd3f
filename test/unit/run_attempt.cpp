// One attempt at a run against a database and steps that say what the test wants.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <asio/bind_cancellation_slot.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "run/attempt.hpp"
#include "run_support.hpp"
#include "task_support.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

const char* const definition = R"({
  "name": "tiny",
  "workflow": {
    "nodes": [
      {"id": "first", "agent": "simple_evaluator"},
      {"id": "second", "agent": "simple_evaluator"},
      {"id": "FINISH", "type": "sink", "action": "finish_conversation", "config": {"response": "{{ second.answer }}"}}
    ],
    "edges": [{"from": "first", "to": "second"}, {"from": "second", "to": "FINISH"}]
  }
})";

void lose_connection() { throw DatabaseError("server closed the connection", "", true); }
void deadlock() { throw DatabaseError("deadlock detected", "40P01", false); }
void refuse() { throw DatabaseError("no such workflow", "P0002", false); }

class AttemptTest : public testing::Test {
  protected:
    AttemptTest() {
        spdlog::set_level(spdlog::level::off);
        steps.outputs["second"] = [] { return Json{{"answer", "hi!"}}; };
    }

    Task<Json> read(std::string name, int revision) {
        read_revisions.push_back(name + " " + std::to_string(revision));
        co_await let_others_go_on(1);
        if (!troubles.empty()) {
            const auto trouble = std::move(troubles.front());
            troubles.erase(troubles.begin());
            trouble();
        }
        co_return Json::parse(stored);
    }

    void run() {
        RawClaim claim;
        claim.claim = {7, 2, "c", "tiny", 3, {}};
        claim.input = R"({"customer_message": "hi", "steps": {}})";
        flight = std::make_shared<Flight>(std::move(claim), threads.new_strand());
        const Surroundings surroundings{.io = threads.io(),
                                        .workflows = workflows,
                                        .reports = reports,
                                        .run_step = steps.run_step(),
                                        .metrics = metrics,
                                        .limits = Limits(),
                                        .parallel_nodes = 4,
                                        .at_provider = {},
                                        .backoff = Backoff(milliseconds(1), milliseconds(1))};
        threads.io().restart();
        asio::co_spawn(
            flight->strand, attempt(flight, surroundings),
            asio::bind_cancellation_slot(flight->slot(), [&](std::exception_ptr) { threads.stop(); }));
        threads.run();
    }

    std::shared_ptr<const KnownWorkflow> get(int revision) {
        return run_task(threads, workflows.get("tiny", revision));
    }

    Json failure() const { return reports.bodies.back().value("failure", Json::object()); }

    Threads threads{2};
    Catalogue catalogue = Catalogue::builtin();
    KnownWorkflows workflows{
        catalogue, [this](std::string name, int revision) { return read(std::move(name), revision); }};
    std::vector<std::string> read_revisions;
    std::vector<std::function<void()>> troubles;  // of the next readings; used up from the front
    std::string stored = definition;
    FakeSteps steps;
    FakeReports reports;
    Metrics metrics;
    FlightPtr flight;
};

using Nodes = std::vector<std::string>;

TEST_F(AttemptTest, AStepIsReportedBeforeTheNextAndTheLastWithTheResult) {
    run();
    ASSERT_EQ(reports.bodies.size(), 2U);
    EXPECT_EQ(reports.bodies[0]["steps"][0]["node"], "first");
    EXPECT_FALSE(reports.bodies[0].contains("result"));
    EXPECT_EQ(reports.bodies[1]["steps"][0]["node"], "second");
    EXPECT_EQ(reports.bodies[1]["result"]["sink"], "FINISH");
    EXPECT_EQ(reports.bodies[1]["result"]["config"]["response"], "hi!");
}

TEST_F(AttemptTest, ReadsARevisionOnce) {
    run();
    run();
    EXPECT_EQ(read_revisions, Nodes{"tiny 3"});
}

// Those that come meanwhile wait for the one that reads.
TEST_F(AttemptTest, RunsThatBeginTogetherReadARevisionOnce) {
    std::vector<std::shared_ptr<const KnownWorkflow>> got;
    const asio::any_io_executor strand = threads.new_strand();
    for (int i = 0; i < 5; ++i)
        asio::co_spawn(strand, workflows.get("tiny", 3),
                       [&](std::exception_ptr, std::shared_ptr<const KnownWorkflow> workflow) {
                           got.push_back(std::move(workflow));
                           if (got.size() == 5) threads.stop();
                       });
    threads.run();
    for (const auto& workflow : got) EXPECT_EQ(workflow, got.front());
    EXPECT_EQ(read_revisions.size(), 1U);
}

TEST_F(AttemptTest, ForgetsRevisionsBeforeTheyAreTooMany) {
    for (int i = 0; i < static_cast<int>(max_known_workflows) + 1; ++i) get(i);
    read_revisions.clear();
    get(0);
    EXPECT_EQ(read_revisions, Nodes{"tiny 0"});
}

TEST_F(AttemptTest, AskForTheWorkflowUntilTheDatabaseAnswers) {
    troubles = {lose_connection, deadlock};
    run();
    EXPECT_EQ(read_revisions.size(), 3U);
    EXPECT_EQ(reports.steps(), (Nodes{"first", "second"}));
}

TEST_F(AttemptTest, AWorkflowThatTheDatabaseRefusesFailsTheRun) {
    troubles = {refuse};
    run();
    EXPECT_EQ(read_revisions.size(), 1U);
    EXPECT_EQ(failure()["error"], "no such workflow");
}

TEST_F(AttemptTest, AnAbandonedRunReportsNothingMore) {
    steps.outputs["first"] = [this] {
        flight->abandon();
        return Json{{"answer", "too late"}};
    };
    run();
    EXPECT_LE(reports.bodies.size(), 1U);
    EXPECT_EQ(steps.started, Nodes{"first"});
}

TEST_F(AttemptTest, StopsWhenTheRunIsLostDuringAReport) {
    reports.before_answer = [this] { flight->abandon(); };
    run();
    EXPECT_EQ(reports.bodies.size(), 1U);
    EXPECT_EQ(steps.started, Nodes{"first"});
}

TEST_F(AttemptTest, AHandoverEndsTheRunAtOnce) {
    reports.verdicts["first"] = {Answer::Action::handover, "complexity", "high", ""};
    run();
    EXPECT_EQ(reports.bodies.size(), 1U);
    EXPECT_EQ(steps.started, Nodes{"first"});
}

// What a fenced-off worker hears.
TEST_F(AttemptTest, AStopEndsTheRunAtOnce) {
    reports.verdicts["first"] = {Answer::Action::stop, "", "run was cancelled", ""};
    run();
    EXPECT_EQ(reports.bodies.size(), 1U);
}

TEST_F(AttemptTest, AResultThatIsNotAcceptedIsDropped) {
    reports.at_the_end = {Answer::Action::stop, "", "a newer attempt holds the run", ""};
    run();
    EXPECT_EQ(reports.bodies.size(), 2U);
}

TEST_F(AttemptTest, AStepThatFailsFailsTheRunAsItSays) {
    steps.outputs["first"] = []() -> Json {
        throw StepFailed("first", "overloaded", /*retryable=*/true, milliseconds(1500));
    };
    run();
    EXPECT_EQ(failure(),
              Json({{"error", "node first: overloaded"}, {"retryable", true}, {"retry_after_seconds", 1.5}}));
}

TEST_F(AttemptTest, AStepThatFoundNoPlacePutsTheRunBack) {
    steps.outputs["second"] = []() -> Json { throw StepPostponed("cut off", milliseconds(2500)); };
    run();
    EXPECT_EQ(reports.steps(), Nodes{"first"}) << "what was finished stays finished";
    EXPECT_EQ(reports.bodies.back(), Json({{"postponed", {{"reason", "cut off"}, {"after_seconds", 2.5}}}}));
}

TEST_F(AttemptTest, WhatNothingElseCountedGoesWithTheEnd) {
    steps.unreported["second"] = {70, 5, 0, 0, 0.25};
    const Json usage = {{"input_tokens", 70}, {"output_tokens", 5}, {"cost_usd", 0.25}};
    steps.outputs["second"] = []() -> Json { throw StepFailed("second", "no", /*retryable=*/true); };
    run();
    EXPECT_EQ(failure()["usage"], usage);
    steps.outputs["second"] = []() -> Json { throw StepPostponed("cut off", milliseconds(2500)); };
    run();
    EXPECT_EQ(reports.bodies.back()["postponed"]["usage"], usage);
    steps.outputs["second"] = []() -> Json { throw LimitReached("no more", Json::object()); };
    run();
    EXPECT_EQ(reports.bodies.back()["handover"]["usage"], usage);
}

TEST_F(AttemptTest, AnErrorThatCannotPassFailsTheRunForGood) {
    steps.outputs["second"] = []() -> Json {
        throw StepFailed("second", "no such model", /*retryable=*/false);
    };
    run();
    EXPECT_EQ(failure(), Json({{"error", "node second: no such model"}, {"retryable", false}}));
    EXPECT_EQ(reports.steps(), Nodes{"first"});
}

TEST_F(AttemptTest, ALimitThatIsReachedHandsOver) {
    steps.outputs["second"] = []() -> Json {
        throw LimitReached("The AI's token limit was reached", {{"limit", 5}});
    };
    run();
    EXPECT_EQ(reports.bodies.back()["handover"],
              Json({{"reason", "The AI's token limit was reached"}, {"handover_context", {{"limit", 5}}}}));
}

TEST_F(AttemptTest, ARefusedResultFailsTheRun) {
    reports.at_the_end = {Answer::Action::refused, "", "result has no sink", "22023"};
    run();
    ASSERT_EQ(reports.bodies.size(), 3U);
    EXPECT_EQ(failure()["error"], "the report was refused: result has no sink");
    EXPECT_EQ(failure()["retryable"], true);
}

TEST_F(AttemptTest, AWorkflowThatThisWorkerCannotExecuteFailsForGood) {
    catalogue.agents.erase("simple_evaluator");
    run();
    EXPECT_EQ(failure()["retryable"], false);
    EXPECT_NE(failure()["error"].get<std::string>().find("tiny revision 3"), std::string::npos) << failure();
}

}  // namespace
}  // namespace hil::worker
