// Workers that die, hang, end or lose the server in the middle of a run: nothing is lost and nothing is done
// twice.
#include <array>
#include <csignal>
#include <iostream>

#include "fixture.hpp"

namespace hil::test {
namespace {

using Texts = std::vector<std::string>;

class Recovery : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load(support_workflow);
        // A backend whose worker died goes on until it would answer; this lets it notice while it waits for a
        // lock.
        sql().query("ALTER DATABASE " + database() + " SET client_connection_check_interval = '100ms'");
    }

    // "node attempt, …" of the conversation's steps, in order.
    std::string attempts(const std::string& id) {
        return sql().one(
            "SELECT string_agg(node || ' ' || attempt, ', ' ORDER BY step_number) FROM hil.run_steps "
            "WHERE conversation_id = $1",
            {id});
    }

    bool waits_for(const std::string& condition) {
        return within_patience([&] { return sql().yes("SELECT " + condition); });
    }

    // All that a report could change.
    std::string contents() {
        std::string all;
        for (const char* table : {"conversations", "messages", "agent_queue", "handover_events", "runs",
                                  "run_steps", "human_agents", "conversation_analytics"})
            all += sql().one(std::string("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM hil.") +
                             table + " t") +
                   "\n";
        // Events may be on their way from one table to the other meanwhile.
        all += sql().one(
            "SELECT (SELECT count(*) FROM hil.outbox) + (SELECT coalesce(max(seq), 0) FROM hil.events)");
        return all;
    }
};

TEST_F(Recovery, AnotherWorkerTakesOverAfterSigkillAndRepeatsNoFinishedStep) {
    Gate gate(database(), "handle_with_ai");
    Process& first = start_worker({.lease_seconds = 1, .name = "first"});
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);

    start_worker({.lease_seconds = 5, .name = "second"});
    ASSERT_TRUE(
        waits_for("EXISTS (SELECT 1 FROM hil.runs WHERE status = 'running' AND attempt = 2 "
                  "AND worker LIKE 'second%')"));
    gate.open();
    ASSERT_TRUE(reaches(id, "finished"));

    EXPECT_EQ(attempts(id), "classify_intent 1, check_confidence 1, handle_with_ai 2, evaluate_result 2");
    EXPECT_EQ(gate.reports("classify_intent"), 1);
    EXPECT_EQ(gate.reports("check_confidence"), 1);
    EXPECT_EQ(said(id, "ai").size(), 1U);
    EXPECT_EQ(sql().one("SELECT status || ' ' || attempt FROM hil.runs"), "succeeded 2");
}

TEST_F(Recovery, AHungWorkerThatComesBackChangesNothing) {
    Gate gate(database(), "handle_with_ai");
    Process& stale = start_worker({.lease_seconds = 1, .name = "stale"});
    const std::string id = new_id();
    const std::string run = says(id, "Where is my order?")["run_id"].dump();
    ASSERT_TRUE(gate.somebody_waits());
    stale.suspend();
    // Its step was in the server's hands already and counts; its lease ends while it hangs, and the next one
    // has the run.
    gate.open();
    ASSERT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        skip_backoff();
        return sql().number("SELECT count(*) FROM hil_claim_runs('second', 1)") == 1;
    }));
    EXPECT_EQ(attempts(id), "classify_intent 1, check_confidence 1, handle_with_ai 1");

    const std::string before = contents();
    stale.resume();
    stale.signal(SIGTERM);
    EXPECT_EQ(stale.wait(), 0) << "it has dealt with the run that it lost";
    for (const std::string& report :
         {"hil_record_step(" + run + ", 1, 'evaluate_result', '{\"needs_human\": true}')",
          "hil_complete_run(" + run + ", 1, '{\"sink\": \"HANDOVER\", \"config\": {}}')",
          "hil_fail_run(" + run + ", 1, 'too late', false)"}) {
        const Json answer = sql().json("SELECT " + report);
        EXPECT_TRUE(answer.value("action", "") == "stop" || answer.value("accepted", true) == false)
            << answer;
    }
    EXPECT_EQ(sql().one("SELECT hil_renew_runs('stale', ARRAY[" + run + "])"), "{}");
    EXPECT_EQ(contents(), before);

    EXPECT_EQ(sql().json("SELECT hil_complete_run($1, 2, '{\"sink\": \"FINISH\", \"config\": "
                         "{\"response\": \"Here it is.\"}}')",
                         {run})["accepted"],
              true);
    EXPECT_EQ(said(id, "ai"), Texts{"Here it is."});
}

TEST_F(Recovery, AHungWorkersReportIsRefusedAfterAHandover) {
    Gate gate(database(), "handle_with_ai");
    Process& worker = start_worker();
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    worker.suspend();
    gate.open();
    ASSERT_TRUE(within_patience([&] { return attempts(id).ends_with("handle_with_ai 1"); }));
    const Json answer = says(id, "No, I want to speak to human");
    EXPECT_EQ(answer["status"], "handover");
    EXPECT_EQ(sql().one("SELECT status FROM hil.runs"), "cancelled");
    const std::string before = contents();
    worker.resume();
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    EXPECT_EQ(contents(), before);
    EXPECT_EQ(said(id, "ai"), Texts{}) << "after a handover the AI does not speak";
}

TEST_F(Recovery, SigtermFinishesWhatIsRunningAndClaimsNothingNew) {
    Gate gate(database(), "handle_with_ai");
    Process& worker = start_worker();
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    worker.signal(SIGTERM);
    ASSERT_TRUE(within_patience([&] { return worker.output().find("stopping") != std::string::npos; }));
    const std::string late = new_id();
    says(late, "Where is my order?");
    EXPECT_TRUE(worker.running()) << "there is a run to finish";
    gate.open();
    EXPECT_EQ(worker.wait(), 0);
    EXPECT_EQ(status(id), "finished");
    EXPECT_EQ(sql().one("SELECT status || ' ' || attempt FROM hil.runs WHERE conversation_id = $1", {late}),
              "queued 0");
    EXPECT_EQ(sql().one("SELECT status || ' ' || attempt FROM hil.runs WHERE conversation_id = $1", {id}),
              "succeeded 1");
}

TEST_F(Recovery, ASecondSigtermEndsTheWorkerAtOnceAndAnotherGoesOn) {
    Gate gate(database(), "handle_with_ai");
    Process& worker = start_worker({.lease_seconds = 1});
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    worker.signal(SIGTERM);
    ASSERT_TRUE(within_patience([&] { return worker.output().find("stopping") != std::string::npos; }));
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 128 + SIGTERM);
    start_worker();
    ASSERT_TRUE(waits_for("EXISTS (SELECT 1 FROM hil.runs WHERE status = 'running' AND attempt = 2)"));
    gate.open();
    EXPECT_TRUE(reaches(id, "finished"));
}

TEST_F(Recovery, LeasesAreRenewedWhileARunTakesLongerThanItsLease) {
    // The worker cannot read the workflow, so it stands still with its run claimed and no row locked. A
    // second worker would take the run over if its lease ended.
    const std::string id = new_id();
    says(id, "Where is my order?");
    Session holder = connect();
    holder.query("BEGIN");
    holder.query("LOCK TABLE hil.workflows IN ACCESS EXCLUSIVE MODE");
    Process& first = start_worker({.lease_seconds = 1, .name = "first"});
    ASSERT_TRUE(waits_for("EXISTS (SELECT 1 FROM hil.runs WHERE status = 'running')"));
    start_worker({.lease_seconds = 1, .name = "second"});
    ASSERT_TRUE(waits_for("(SELECT lease_until > started_at + interval '3 s' FROM hil.runs)"));
    first.signal(SIGTERM);  // while it drains, too
    ASSERT_TRUE(waits_for("(SELECT lease_until > started_at + interval '5 s' FROM hil.runs)"));
    ASSERT_TRUE(waits_for("(SELECT clock_timestamp() > started_at + interval '5 s' FROM hil.runs)"));
    holder.query("COMMIT");
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(sql().one("SELECT status || ' ' || attempt || ' ' || left(worker, 5) FROM hil.runs"),
              "succeeded 1 first");
}

TEST_F(Recovery, ARenewalThatHangsIsGivenUpWhileThereIsTimeForAnother) {
    Process& worker = start_worker({.lease_seconds = 10});
    ASSERT_TRUE(
        waits_for("EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'hil-worker' "
                  "AND datname = current_database() AND query LIKE '%hil_renew_runs%')"));
    Session holder = connect();
    holder.query("BEGIN");
    holder.query("LOCK TABLE hil.runs IN ACCESS EXCLUSIVE MODE");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(within_patience(
        [&] { return worker.output().find("leases could not be renewed") != std::string::npos; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
    holder.query("COMMIT");
    const std::string id = new_id();
    says(id, "Where is my order?");
    EXPECT_TRUE(reaches(id, "finished"));
}

TEST_F(Recovery, OneRunThatWaitsInTheServerDoesNotLetTheLeasesOfOthersEnd) {
    Gate gate(database(), "handle_with_ai");
    start_worker({.lease_seconds = 1, .name = "first"});
    const std::string held_up = new_id(), other = new_id();
    says(held_up, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    // Its run's row is locked now. The next run stands before its conversation, which the test holds.
    sql().query("BEGIN");
    says(other, "Where is my order?");
    sql().query("UPDATE hil.runs SET run_after = 'infinity' WHERE status = 'queued'");
    sql().query("COMMIT");
    Session holder = connect();
    holder.query("BEGIN");
    holder.query("SELECT FROM hil.conversations WHERE id = $1 FOR UPDATE", {other});
    skip_backoff();
    ASSERT_TRUE(waits_for("(SELECT count(*) = 2 FROM hil.runs WHERE status = 'running')"));
    EXPECT_TRUE(waits_for("clock_timestamp() > (SELECT max(started_at) FROM hil.runs) + interval '3 s'"));
    EXPECT_TRUE(sql().yes("SELECT lease_until > clock_timestamp() FROM hil.runs WHERE conversation_id = $1",
                          {other}));
    holder.query("COMMIT");
    gate.open();
    EXPECT_TRUE(reaches(other, "finished"));
    EXPECT_TRUE(reaches(held_up, "finished"));
    // The held-up run's own lease may have ended before its worker could renew it; the other's must not.
    EXPECT_EQ(sql().one("SELECT attempt FROM hil.runs WHERE conversation_id = $1", {other}), "1");
}

TEST_F(Recovery, LostWorkersCountAsErrorsAndHandOverAtTheLimit) {
    const std::string id = new_id();
    says(id, "Where is my order?");
    for (int attempt = 1; attempt <= 3; ++attempt) {
        skip_backoff();
        ASSERT_EQ(sql().one("SELECT attempt FROM hil_claim_runs('dies', 1, '1 s')"), std::to_string(attempt));
        sql().query("UPDATE hil.runs SET lease_until = clock_timestamp() - interval '1 s'");
        EXPECT_EQ(sql().json("SELECT hil_tick()")["leases_expired"], 1);
    }
    EXPECT_EQ(status(id), "pending_human");
    EXPECT_EQ(look(id)["hil_reason"], "AI error, 3 in a row");
}

TEST_F(Recovery, TheTimeInWhichTheServerWasAwayEndsNoAttempt) {
    const std::string before = new_id(), since = new_id();
    const auto claim = [&](const std::string& id) {
        says(id, "Where is my order?");
        return sql().one("SELECT run_id FROM hil_claim_runs('lives', 1)");
    };
    const auto state = [&](const std::string& id) {
        return sql().one(
            "SELECT status || ' ' || (error IS NOT NULL) FROM hil.runs WHERE conversation_id = $1", {id});
    };
    const auto end_lease = [&](const std::string& id) {
        sql().query(
            "UPDATE hil.runs SET lease_until = clock_timestamp() - interval '10 s' "
            "WHERE conversation_id = $1",
            {id});
        sql().query("SELECT hil_tick()");
    };
    const auto complaints = [&] {
        return sql().one("SELECT string_agg(check_name, ', ') FROM hil_doctor() WHERE NOT ok");
    };
    // Nobody claimed these before the server went.
    const std::string queued = new_id();
    const auto end_time = [&](const std::string& id) {
        sql().query(
            "UPDATE hil.runs SET created_at = created_at - interval '601 s' WHERE conversation_id = $1",
            {id});
        return sql().json("SELECT hil_tick()")["ai_timeouts"].get<int>();
    };
    const std::string run = claim(before);
    says(queued, "Where is my order?");
    cluster("restart");
    reconnect();
    end_lease(before);
    EXPECT_EQ(state(before), "running false");
    sql().query("UPDATE hil.runs SET lease_until = lease_until - interval '1 h' WHERE id = $1", {run});
    EXPECT_EQ(complaints(), "");
    EXPECT_EQ(end_time(queued), 0);
    // Somebody takes it up, and has the same half minute.
    EXPECT_EQ(sql().one("SELECT count(*) FROM hil_claim_runs('lives')"), "1");
    EXPECT_EQ(sql().json("SELECT hil_tick()")["ai_timeouts"], 0);
    EXPECT_EQ(status(queued), "ai_processing");
    EXPECT_EQ(sql().one("SELECT hil_renew_runs('lives', ARRAY[$1::bigint])", {run}), "{" + run + "}");
    // What was begun since the start was never without a server.
    claim(since);
    end_lease(since);
    EXPECT_TRUE(within_patience([&] { return state(since) == "queued true"; }));
    EXPECT_EQ(end_time(since), 1);
    EXPECT_EQ(status(since), "pending_human");
    // Its worker did not come back after all, and the other one has no answer.
    end_lease(before);
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return state(before) == "queued true" && status(queued) == "pending_human";
    }));
}

TEST_F(Recovery, WithNoWorkerAliveTheConversationIsHandedOverInTheEnd) {
    const std::string id = new_id();
    says(id, "Where is my order?");
    EXPECT_EQ(sql().json("SELECT hil_tick()")["ai_timeouts"], 0);
    sql().query("UPDATE hil.runs SET created_at = created_at - interval '601 s'");
    EXPECT_EQ(sql().json("SELECT hil_tick()")["ai_timeouts"], 1);
    EXPECT_EQ(status(id), "pending_human");
    EXPECT_EQ(sql().one("SELECT status FROM hil.runs"), "failed");
}

TEST_F(Recovery, WorkersAreKilledWhileTheyAnswerAHundredAndFiftyConversations) {
    const WorkerSettings settings = {.lease_seconds = 1};
    const std::array workers = {&start_worker(settings), &start_worker(settings), &start_worker(settings)};
    sql().query(
        "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, 150)");
    const auto finished = [&](int least) {
        return within_patience([&] {
            return sql().number("SELECT count(*) FROM hil.conversations WHERE status = 'finished'") >= least;
        });
    };
    // Two losses are within the workflow's error limit of three, whichever runs they hit.
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(finished(20 + 30 * i));
        workers[i]->signal(SIGKILL);
    }
    EXPECT_TRUE(finished(150));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'succeeded'"), 150);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.messages WHERE sender_type = 'ai'"), 150);
    std::cout << sql().one("SELECT count(*) FROM hil.runs WHERE attempt > 1") << " runs were taken over\n";
}

TEST_F(Recovery, AWorkerTakesNoMoreThanItsConcurrency) {
    Gate gate(database(), "handle_with_ai");
    start_worker({.concurrency = 2});
    sql().query(
        "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, 5)");
    ASSERT_TRUE(gate.somebody_waits(2));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'running'"), 2);
    gate.open();
    EXPECT_TRUE(waits_for("(SELECT count(*) = 5 FROM hil.conversations WHERE status = 'finished')"));
}

TEST_F(Recovery, ANotificationWakesAnIdleWorker) {
    start_worker({.tick_seconds = 3600, .poll_seconds = 3600});
    ASSERT_TRUE(
        waits_for("EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'hil-worker' "
                  "AND datname = current_database() AND state = 'idle' AND query LIKE '%hil_claim_runs%')"));
    const std::string id = new_id();
    says(id, "Where is my order?");
    EXPECT_TRUE(reaches(id, "finished"));
}

TEST_F(Recovery, AReportWhoseConnectionIsCutIsRepeated) {
    Gate gate(database(), "handle_with_ai");
    start_worker();
    const std::string id = new_id();
    says(id, "Where is my order?");
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(gate.somebody_waits());
        sql().query(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name = 'hil-worker' AND datname = current_database()");
    }
    ASSERT_TRUE(gate.somebody_waits());
    gate.open();
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(attempts(id), "classify_intent 1, check_confidence 1, handle_with_ai 1, evaluate_result 1");
    EXPECT_EQ(gate.reports("handle_with_ai"), 1);
}

TEST_F(Recovery, ADrainThatTakesTooLongLeavesTheRunToOthers) {
    Gate gate(database(), "handle_with_ai");
    Process& worker = start_worker({.lease_seconds = 1, .drain_seconds = 0.5});
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    start_worker();
    ASSERT_TRUE(waits_for("EXISTS (SELECT 1 FROM hil.runs WHERE status = 'running' AND attempt = 2)"));
    gate.open();
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(said(id, "ai").size(), 1U);
}

TEST_F(Recovery, TheWorkerOutlivesRestartsOfTheServer) {
    Process& worker = start_worker();
    const auto answered = [&] {
        const std::string id = new_id();
        says(id, "Where is my order?");
        return reaches(id, "finished");
    };
    ASSERT_TRUE(answered());
    cluster("restart");
    reconnect();
    ASSERT_TRUE(answered());
    cluster("stop-immediate");
    EXPECT_TRUE(worker.running());
    cluster("start");
    reconnect();
    ASSERT_TRUE(answered());
    cluster("stop");
    cluster("start");
    reconnect();
    ASSERT_TRUE(answered());
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    EXPECT_EQ(sql().one("SELECT string_agg(status || ' ' || attempt, ', ') FROM hil.runs"),
              "succeeded 1, succeeded 1, succeeded 1, succeeded 1");
}

TEST_F(Recovery, ARunGoesOnWhereTheServerCrashedUnderIt) {
    auto gate = std::make_unique<Gate>(database(), "handle_with_ai");
    start_worker();
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate->somebody_waits());
    cluster("stop-immediate");
    cluster("start");
    reconnect();
    // The gate went with the server. The worker still has the run, and repeats the report that was lost.
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(attempts(id), "classify_intent 1, check_confidence 1, handle_with_ai 1, evaluate_result 1");
    EXPECT_EQ(said(id, "ai").size(), 1U);
    EXPECT_EQ(sql().number("SELECT count(*) FROM public.step_reports"), 4);
}

TEST_F(Recovery, AWorkerThatStartsBeforeTheServerWaitsForIt) {
    const std::string id = new_id();
    says(id, "Where is my order?");
    cluster("stop");
    Process& worker = start_worker();
    ASSERT_TRUE(within_patience([&] { return worker.output().find("next try in") != std::string::npos; }));
    cluster("start");
    reconnect();
    EXPECT_TRUE(reaches(id, "finished"));
}

// As after a failover, where the old primary is a standby now and the name will lead to the new one.
TEST_F(Recovery, AWorkerConnectsAnewUntilItFindsAServerThatWrites) {
    sql().query("ALTER DATABASE " + database() + " SET default_transaction_read_only = on");
    Process& worker = start_worker();
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(within_patience([&] { return worker.output().find("read-only") != std::string::npos; }));
    sql().query("ALTER DATABASE " + database() + " RESET default_transaction_read_only");
    EXPECT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(sql().number("SELECT max(attempt) FROM hil.runs"), 1);
}

}  // namespace
}  // namespace hil::test
