// When a scheduler comes, when it goes, and what brings it back.
#include <csignal>
#include <filesystem>
#include <fstream>

#include "background.hpp"

namespace hil::test {
namespace {

class BackgroundLifecycle : public Background {
  protected:
    void end(const std::string& process) { server().query("SELECT pg_terminate_backend($1)", {process}); }

    // Until the process waits for a lock.
    testing::AssertionResult waits_for_a_lock(const std::string& process) {
        if (within_patience([&] {
                return server().yes("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted)",
                                    {process});
            }))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << process << " waits for no lock";
    }

    // A script that brings the extension to another version, which changes nothing else.
    std::filesystem::path new_version() {
        const std::filesystem::path script =
            server().one("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'") +
            "/extension/hil--0.1--0.2.sql";
        std::ofstream(script) << "-- nothing\n";
        return script;
    }
};

TEST_F(BackgroundLifecycle, ASchedulerComesWhenCreateExtensionCommits) {
    ASSERT_TRUE(is_served());
    EXPECT_EQ(server().one("SELECT application_name FROM pg_stat_activity WHERE pid = $1", {scheduler()}),
              "hil scheduler");
    EXPECT_TRUE(within_patience([&] {
        return server().yes(
            "SELECT wait_event_type = 'Extension' AND wait_event = CASE WHEN "
            "current_setting('server_version_num')::int "
            "< 170000 THEN 'Extension' ELSE 'HilSchedulerMain' END AND state = 'idle' FROM pg_stat_activity "
            "WHERE pid = $1",
            {scheduler()});
    }));
    EXPECT_EQ(server().one("SELECT application_name FROM pg_stat_activity WHERE pid = $1", {launcher()}),
              "hil launcher");
    EXPECT_TRUE(has_no_scheduler("postgres"));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
}

TEST_F(BackgroundLifecycle, TheServersStartFindsTheDatabases) {
    ASSERT_TRUE(is_served());
    restart_server();
    EXPECT_TRUE(is_served());
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_TRUE(has_no_scheduler("postgres"));
    EXPECT_TRUE(has_no_scheduler("template1"));
}

TEST_F(BackgroundLifecycle, DropExtensionEndsIt) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    sql().query("BEGIN");
    sql().query("DROP EXTENSION hil");
    EXPECT_TRUE(waits_for_a_lock(before));
    sql().query("ROLLBACK");
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_EQ(scheduler(), before);

    sql().query("DROP EXTENSION hil");
    EXPECT_TRUE(has_no_scheduler(database()));
    sql().query("BEGIN");
    sql().query("CREATE EXTENSION hil");
    sql().query("ROLLBACK");
    sql().query("CREATE EXTENSION hil");
    EXPECT_TRUE(is_served(before));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_EQ(logged("ERROR:"), 0);
    EXPECT_EQ(logged("WARNING:"), 0);
}

TEST_F(BackgroundLifecycle, ANewExtensionInTheSameTransactionGetsANewOne) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    sql().query("BEGIN");
    sql().query("DROP EXTENSION hil");
    sql().query("CREATE EXTENSION hil");
    sql().query("COMMIT");
    EXPECT_TRUE(is_served(before));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
}

TEST_F(BackgroundLifecycle, AnotherVersionOfTheExtensionStartsItAnew) {
    const std::filesystem::path script = new_version();
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    sql().query("BEGIN");
    sql().query("ALTER EXTENSION hil UPDATE TO '0.2'");
    sql().query("ROLLBACK");
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_EQ(scheduler(), before);
    sql().query("ALTER EXTENSION hil UPDATE TO '0.2'");
    EXPECT_TRUE(is_served(before));
    std::filesystem::remove(script);
}

TEST_F(BackgroundLifecycle, ItComesBackAfterPgTerminateBackend) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    end(before);
    EXPECT_TRUE(is_served(before));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
}

TEST_F(BackgroundLifecycle, SigtermInterruptsADuty) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    sql().query("BEGIN");
    sql().query("LOCK TABLE hil.agent_queue IN ACCESS EXCLUSIVE MODE");
    ASSERT_TRUE(waits_for_a_lock(before));
    end(before);
    EXPECT_TRUE(within_patience([&] { return scheduler() != before; }));
    sql().query("COMMIT");
    EXPECT_TRUE(is_served(before));
}

TEST_F(BackgroundLifecycle, ACancelInterruptsADutyOnly) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    sql().query("BEGIN");
    sql().query("LOCK TABLE hil.agent_queue IN ACCESS EXCLUSIVE MODE");
    ASSERT_TRUE(waits_for_a_lock(before));
    server().query("SELECT pg_cancel_backend($1)", {before});
    EXPECT_TRUE(within_patience([&] { return logged("canceling statement due to user request") > 0; }));
    sql().query("COMMIT");
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_EQ(scheduler(), before);
}

TEST_F(BackgroundLifecycle, TheLauncherComesBackAndSchedulersGoOnMeanwhile) {
    ASSERT_TRUE(is_served());
    const std::string before = launcher(), served_by = scheduler();
    end(before);
    EXPECT_TRUE(within_patience([&] { return !launcher().empty() && launcher() != before; }));
    EXPECT_EQ(scheduler(), served_by);
    sql().query("DROP EXTENSION hil");
    EXPECT_TRUE(has_no_scheduler(database()));
    sql().query("CREATE EXTENSION hil");
    EXPECT_TRUE(is_served(served_by));
}

TEST_F(BackgroundLifecycle, BothComeBackAfterTheCrashOfABackend) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    kill(sql().backend(), SIGKILL);
    after_crash();
    EXPECT_TRUE(is_served(before));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
}

TEST_F(BackgroundLifecycle, BothComeBackAfterTheirOwnCrash) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    kill(std::stoi(before), SIGKILL);
    after_crash();
    EXPECT_TRUE(is_served(before));
    const std::string first = launcher();
    kill(std::stoi(first), SIGKILL);
    after_crash();
    EXPECT_TRUE(within_patience([&] { return !launcher().empty() && launcher() != first; }));
    EXPECT_TRUE(is_served(before));
}

TEST_F(BackgroundLifecycle, AReloadBringsANewNaptime) {
    ASSERT_TRUE(is_served());
    const std::string before = scheduler();
    set("hil.naptime", "1h");
    // Whatever was under way when the setting arrived is over: the scheduler has a round of its own for this
    // commit.
    says(new_id(), "hello");
    EXPECT_TRUE(within_patience([&] { return server().one("SHOW hil.naptime") == "1h"; }));
    const std::string waiting = missed_pair();
    set("hil.naptime", "50ms");
    EXPECT_TRUE(reaches(waiting, "human_active"));
    EXPECT_EQ(scheduler(), before);
}

}  // namespace
}  // namespace hil::test
