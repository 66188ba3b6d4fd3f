// The worker's process when something hangs, is short, or was written wrongly.
#include <csignal>

#include "fixture.hpp"

namespace hil::test {
namespace {

class ProcessLimits : public LiveTest {
  protected:
    struct Ended {
        int code;
        std::string output;
    };
    // Runs hil-worker to its end.
    Ended worker(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
        arguments.insert(arguments.begin(), worker_program);
        environment.try_emplace("HIL_DATABASE_URL", "postgresql:///" + database());
        Process process(arguments, environment, file("output", ""));
        const int code = process.wait();
        return {code, process.output()};
    }

    // Until a worker's statement waits for a lock of a table.
    testing::AssertionResult a_worker_waits_for_a_lock() {
        if (within_patience([&] {
                return sql().yes(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND "
                    "application_name = 'hil-worker' AND wait_event_type = 'Lock')");
            }))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << "no worker waits for a lock";
    }
};

TEST_F(ProcessLimits, AWorkerWhoseStatementWaitsObeysSigterm) {
    Session other = connect();
    other.query("BEGIN");
    other.query("LOCK TABLE hil.runs");
    Process& worker = start_worker();
    ASSERT_TRUE(a_worker_waits_for_a_lock());
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    other.query("ROLLBACK");
}

// The report is cancelled, not left to be committed after the worker's end.
TEST_F(ProcessLimits, AWorkerWhoseReportWaitsIsDrainedInTime) {
    load(support_workflow);
    const std::string id = new_id();
    says(id, "Where is my order?");
    Session other = connect();
    other.query("BEGIN");
    other.query("LOCK TABLE hil.run_steps IN SHARE MODE");
    Process& worker = start_worker({.lease_seconds = 1, .drain_seconds = 0.1});
    ASSERT_TRUE(a_worker_waits_for_a_lock());
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    other.query("ROLLBACK");
    EXPECT_EQ(steps(id), "");
    start_worker();
    EXPECT_TRUE(reaches(id, "finished"));
}

// As after a failover: the server that answers is no longer the primary.
TEST_F(ProcessLimits, AServerThatOnlyReadsIsLeftForAnother) {
    load(support_workflow);
    const std::string id = new_id();
    says(id, "Where is my order?");
    sql().query("ALTER DATABASE " + database() + " SET default_transaction_read_only = on");
    Process& worker = start_worker();
    ASSERT_TRUE(within_patience([&] { return worker.output().find("read-only") != std::string::npos; }));
    sql().query("ALTER DATABASE " + database() + " RESET default_transaction_read_only");
    EXPECT_TRUE(reaches(id, "finished"));
}

TEST_F(ProcessLimits, TextsAreUtf8WhateverTheEnvironmentSays) {
    load(support_workflow);
    sql().query("ALTER DATABASE " + database() + " SET client_encoding = 'LATIN1'");
    const std::string id = new_id();
    says(id, "Where is my order? It cost 20 €.");
    start_worker();
    EXPECT_TRUE(reaches(id, "finished"));
}

// Before there is anything to do: later there may be no connection left for it.
TEST_F(ProcessLimits, WhatRenewsLeasesIsConnectedFromTheStart) {
    start_worker();
    EXPECT_TRUE(within_patience([&] {
        return sql().number(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "application_name = 'hil-worker'") == 2;
    }));
}

TEST_F(ProcessLimits, ClaimsThatFailDoNotDelayTicks) {
    load(support_workflow);
    const std::string id = new_id();
    says(id, "Where is my order?");
    sql().query("CREATE SEQUENCE public.claims");
    sql().query(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM nextval('public.claims'); RAISE 'no claims today'; END $$");
    sql().query(
        "CREATE TRIGGER refuse BEFORE UPDATE ON hil.runs FOR EACH ROW WHEN (NEW.status = 'running') "
        "EXECUTE FUNCTION public.refuse()");
    sql().query("ALTER DATABASE " + database() + " SET track_functions = 'all'");
    const auto claims = [&] { return sql().number("SELECT last_value FROM public.claims"); };
    const auto ticks = [&] {
        return sql().number(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions WHERE funcname = 'hil_tick'");
    };
    start_worker({.tick_seconds = 0.1});
    // From here on more than a second passes between two claims.
    ASSERT_TRUE(within_patience([&] { return claims() >= 6; }));
    const int claims_before = claims(), ticks_before = ticks();
    EXPECT_TRUE(within_patience([&] { return ticks() >= ticks_before + 20; }));
    EXPECT_LE(claims(), claims_before + 5);
    sql().query("DROP TRIGGER refuse ON hil.runs");
    EXPECT_TRUE(reaches(id, "finished"));
}

TEST_F(ProcessLimits, AWorkerWithoutItsProfileSaysSoAndDoesNotAnnounceThatItClaims) {
    sql().query("DROP ROLE IF EXISTS hil_test_app");
    sql().query("CREATE ROLE hil_test_app LOGIN");
    sql().query("SELECT hil_grant('hil_test_app', 'app')");
    WorkerSettings settings;
    settings.role = "hil_test_app";
    Process& worker = start_worker(settings);
    const auto says = [&](const char* text) { return worker.output().find(text) != std::string::npos; };
    EXPECT_TRUE(within_patience([&] {
        return says("no runs are claimed until they can") &&
               says("SELECT hil_grant('hil_test_app', 'worker')");
    })) << worker.output();
    EXPECT_TRUE(within_patience([&] { return says("hil_tick failed"); }));
    EXPECT_FALSE(says("claims runs from the database")) << worker.output();
    sql().query("SELECT hil_grant('hil_test_app', 'worker')");
    EXPECT_TRUE(within_patience([&] { return says("claims runs from the database"); })) << worker.output();
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    sql().query("DROP OWNED BY hil_test_app");
    sql().query("DROP ROLE hil_test_app");
}

TEST_F(ProcessLimits, ABrokenUrlIsRefusedAndNotRepeated) {
    for (const char* command : {"load", "run"}) {
        std::vector<std::string> arguments{command};
        if (command == std::string("load")) arguments.push_back(support_workflow);
        for (const char* url : {"postgresql://u:hunter%ssecret@h/db", "postgresql://u:hunter/secret@h/db",
                                "password=x hunter secret"}) {
            const Ended ended = worker(arguments, {{"HIL_DATABASE_URL", url}});
            EXPECT_EQ(ended.code, 2);
            EXPECT_NE(ended.output.find("HIL_DATABASE_URL is no valid"), std::string::npos) << ended.output;
            for (const char* part : {"hunter", "secret"})
                EXPECT_EQ(ended.output.find(part), std::string::npos) << ended.output;
        }
    }
}

TEST_F(ProcessLimits, AnEmptyUrlCountsAsNone) {
    const std::string config = file("config.yaml", "database_url: postgresql:///" + database() + "\n");
    const Ended ended = worker({"load", "-c", config, support_workflow}, {{"HIL_DATABASE_URL", ""}});
    EXPECT_EQ(ended.code, 0) << ended.output;
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.workflows"), 1);
}

TEST_F(ProcessLimits, AnEmptyFileIsReadAndAMissingOneIsNot) {
    const std::string empty = file("empty.yaml", "");
    EXPECT_EQ(worker({"check", "-c", empty, support_workflow}).code, 0);
    const Ended ended = worker({"check", empty});
    EXPECT_EQ(ended.code, 1);
    EXPECT_NE(ended.output.find(empty + ":1:1: error: "), std::string::npos) << ended.output;
    for (const std::string& unreadable : {empty + ".not", std::string("/tmp")}) {
        const Ended refused = worker({"check", unreadable});
        EXPECT_EQ(refused.code, 2);
        EXPECT_NE(refused.output.find(unreadable + " cannot be read"), std::string::npos) << refused.output;
    }
}

TEST_F(ProcessLimits, MistakesInTheRulesAreToldLikeAllOthers) {
    const std::string rules = file("rules.yaml", "intents: []\nsurprise: 1\n");
    const std::string config = file("config.yaml", "rules: rules.yaml\n");
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"check", support_workflow}, {"load", support_workflow}, {"run"}}) {
        std::vector<std::string> arguments = command;
        arguments.insert(arguments.end(), {"-c", config});
        const Ended ended = worker(arguments);
        EXPECT_EQ(ended.code, 1);
        EXPECT_NE(ended.output.find(rules + ":2:1: error: "), std::string::npos) << ended.output;
    }
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.workflows"), 0);
}

}  // namespace
}  // namespace hil::test
