// Commands about whole databases are not held up by a scheduler, more databases than there are workers, and a
// standby.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "background.hpp"

namespace hil::test {
namespace {

class BackgroundDatabases : public Background {
  protected:
    void TearDown() override {
        for (const std::string& name : {other, copy})
            if (!IsSkipped()) server().query("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        Background::TearDown();
    }

    // Another database with the extension, served, and with no session of the test's.
    void create_other() {
        server().query("CREATE DATABASE " + other);
        Session(other).query("CREATE EXTENSION hil");
        ASSERT_TRUE(has_scheduler(other));
    }

    std::string refused(Session& session, const std::string& command) {
        try {
            session.query(command);
            return "";
        } catch (const SqlError& error) {
            return error.sqlstate;
        }
    }

    const std::string other = "background_other", copy = "background_copy";
};

TEST_F(BackgroundDatabases, DropDatabaseEndsItsScheduler) {
    create_other();
    server().query("DROP DATABASE " + other);
    EXPECT_EQ(scheduler_of(other), "");
    create_other();
    server().query("DROP DATABASE " + other + " WITH (FORCE)");
    EXPECT_EQ(scheduler_of(other), "");
}

TEST_F(BackgroundDatabases, ADatabaseThatIsNotDroppedKeepsItsScheduler) {
    create_other();
    const std::string before = scheduler_of(other);
    // Whoever may not drop it does not even disturb it.
    server().query("CREATE ROLE background_stranger LOGIN");
    server().query("SET ROLE background_stranger");
    EXPECT_EQ(refused(server(), "DROP DATABASE " + other), "42501");
    EXPECT_EQ(refused(server(), "ALTER DATABASE " + other + " RENAME TO " + copy), "42501");
    EXPECT_EQ(refused(server(), "CREATE DATABASE " + copy + " TEMPLATE " + other), "42501");
    server().query("RESET ROLE");
    server().query("DROP ROLE background_stranger");
    EXPECT_EQ(scheduler_of(other), before);
    // In a transaction the command fails after the scheduler has gone.
    server().query("BEGIN");
    EXPECT_EQ(refused(server(), "DROP DATABASE " + other), "25001");
    server().query("ROLLBACK");
    EXPECT_TRUE(has_scheduler(other, before));
}

// The session that holds the database ends in the middle of the command, which waits here for a session in
// it.
TEST_F(BackgroundDatabases, WhoeverHoldsADatabaseAndDiesReleasesIt) {
    create_other();
    const std::string before = scheduler_of(other);
    Session there(other);
    Session dropper("postgres");
    dropper.send("DROP DATABASE " + other);
    ASSERT_TRUE(has_no_scheduler(other));
    server().query("SELECT pg_terminate_backend($1)", {std::to_string(dropper.backend())});
    EXPECT_THROW(dropper.finish(), SqlError);
    EXPECT_TRUE(has_scheduler(other, before));
}

TEST_F(BackgroundDatabases, ARenamedDatabaseIsServed) {
    create_other();
    const std::string before = scheduler_of(other);
    server().query("ALTER DATABASE " + other + " RENAME TO " + copy);
    EXPECT_TRUE(has_scheduler(copy, before));
    // In a transaction, the new scheduler waits for its end.
    server().query("BEGIN");
    server().query("ALTER DATABASE " + copy + " RENAME TO " + other);
    server().query("ROLLBACK");
    EXPECT_TRUE(has_scheduler(copy));
}

TEST_F(BackgroundDatabases, ATemplateAndItsCopyAreServed) {
    create_other();
    const std::string before = scheduler_of(other);
    server().query("CREATE DATABASE " + copy + " TEMPLATE " + other);
    EXPECT_TRUE(has_scheduler(other, before));
    EXPECT_TRUE(has_scheduler(copy));
}

TEST_F(BackgroundDatabases, ADatabaseThatMovesIsServed) {
    create_other();
    const std::string before = scheduler_of(other);
    server().query("SET allow_in_place_tablespaces = on");
    server().query("CREATE TABLESPACE background_space LOCATION ''");
    server().query("ALTER DATABASE " + other + " SET TABLESPACE background_space");
    EXPECT_TRUE(has_scheduler(other, before));
    server().query("DROP DATABASE " + other);
    server().query("DROP TABLESPACE background_space");
}

TEST_F(BackgroundDatabases, ADatabaseThatTakesNoConnectionsHasNoneUntilItDoes) {
    create_other();
    const std::string before = scheduler_of(other);
    server().query("ALTER DATABASE " + other + " ALLOW_CONNECTIONS false");
    server().query("SELECT pg_terminate_backend($1)", {before});
    EXPECT_TRUE(has_no_scheduler(other));
    // Another database is served meanwhile: the launcher has looked at all that there was to do.
    server().query("SELECT pg_terminate_backend($1)", {scheduler()});
    EXPECT_TRUE(is_served());
    EXPECT_EQ(logged("not currently accepting connections"), 0);
    server().query("ALTER DATABASE " + other + " ALLOW_CONNECTIONS true");
    EXPECT_TRUE(has_scheduler(other, before));
}

// As in a new cluster of some versions: no other process has left the shared catalogs' descriptions in a
// file.
TEST_F(BackgroundDatabases, TheLauncherStartsBeforeAnyCacheIsFilled) {
    cluster("stop");
    std::filesystem::remove(std::filesystem::path(std::getenv("HIL_CLUSTER")) /
                            "data/global/pg_internal.init");
    restart_server();
    EXPECT_TRUE(is_served());
    EXPECT_EQ(logged("without having selected a database"), 0);
}

// Two workers: the launcher's and that of logical replication. Three: one scheduler.
TEST_F(BackgroundDatabases, TooFewWorkersAreReportedAndWaitedFor) {
    create_other();
    server().query("CREATE DATABASE " + copy + " TEMPLATE " + other);
    server().query("ALTER SYSTEM SET max_worker_processes = 2");
    restart_server();
    EXPECT_TRUE(
        within_patience([&] { return logged("no background worker is left for the scheduler") == 1; }));
    // There are as many places as workers, and three databases want one.
    for (const std::string& name : {database(), other, copy, other, copy})
        Session(name).query("SELECT hil_handle_message(gen_random_uuid(), 'hello')");
    EXPECT_EQ(logged("2 databases have one already"), 1);
    // The rest goes on without.
    const std::string waiting = missed_pair(), next = new_id();
    says(next, "hello");
    EXPECT_EQ(sql().one("SELECT detail LIKE 'no scheduler runs here%' FROM hil_doctor() "
                        "WHERE check_name = 'time_driven_work'"),
              "t");
    sql().query("SELECT hil_tick()");
    EXPECT_EQ(status(waiting), "human_active");

    server().query("ALTER SYSTEM SET max_worker_processes = 3");
    restart_server();
    // One after the other is served, as each that was served before gives its worker back.
    for (int left = 3; left > 0; --left) {
        std::string served;
        EXPECT_TRUE(within_patience([&] {
            served = server().one(
                "SELECT datname FROM pg_stat_activity WHERE backend_type = 'hil scheduler' AND datname = ANY "
                "($1)",
                {"{" + database() + "," + other + "," + copy + "}"});
            return !served.empty();
        }));
        if (served.empty()) return;
        ASSERT_TRUE(has_scheduler(served));
        Session(served).query("DROP EXTENSION hil");
        ASSERT_TRUE(has_no_scheduler(served));
    }
    server().query("ALTER SYSTEM RESET max_worker_processes");
    restart_server();
    sql().query("CREATE EXTENSION hil");
}

// A second server that follows the first.
class Standby {
  public:
    Standby() {
        as_server({"pg_basebackup", "--pgdata=" + data(), "--write-recovery-conf", "--checkpoint=fast",
                   "--no-sync"});
        as_server(
            {control(), "--silent", "-w", "-D", data(), "-l", data() + "/log", "-o", "-p 5433", "start"});
    }
    ~Standby() {
        as_server({control(), "--silent", "-w", "-D", data(), "-m", "immediate", "stop"});
        std::filesystem::remove_all(data());
    }
    Standby(const Standby&) = delete;
    Standby& operator=(const Standby&) = delete;

    void promote() { as_server({control(), "--silent", "-w", "-D", data(), "promote"}); }
    Session connect(const std::string& database) const { return Session(database, "5433"); }

  private:
    static std::string folder() { return std::getenv("HIL_CLUSTER"); }
    static std::string data() { return folder() + "/standby"; }
    static std::string control() {
        std::string bindir;
        std::getline(std::ifstream(folder() + "/bindir"), bindir);
        return bindir + "/pg_ctl";
    }
    static void as_server(std::vector<std::string> command) {
        if (geteuid() == 0) command.insert(command.begin(), {"runuser", "-u", "postgres", "--"});
        run(command);
    }
};

TEST_F(BackgroundDatabases, AStandbyHasNoneUntilItIsPromoted) {
    ASSERT_TRUE(is_served());
    Standby standby;
    Session there = standby.connect(database());
    const auto workers = [&] {
        return there.one(
            "SELECT string_agg(backend_type, ', ' ORDER BY backend_type) FROM pg_stat_activity "
            "WHERE backend_type LIKE 'hil%'");
    };
    const std::string process = scheduler();
    stop_asleep(process);
    const std::string waiting = missed_pair();
    const auto seen = [&] {
        return there.one("SELECT status FROM hil.conversations WHERE id = $1", {waiting});
    };
    EXPECT_TRUE(within_patience([&] { return seen() == "pending_human"; }));
    EXPECT_EQ(workers(), "");
    standby.promote();
    EXPECT_TRUE(within_patience([&] { return workers() == "hil launcher, hil scheduler"; }));
    EXPECT_TRUE(within_patience([&] { return seen() == "human_active"; }));
    EXPECT_EQ(status(waiting), "pending_human");
    kill(std::stoi(process), SIGCONT);
    EXPECT_TRUE(reaches(waiting, "human_active"));
}

}  // namespace
}  // namespace hil::test
