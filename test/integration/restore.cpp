// A dump of a database at work, restored into another one, goes on working there.
#include <csignal>

#include "background.hpp"

namespace hil::test {
namespace {

class Restore : public LiveTest {
  protected:
    std::string contents() {
        std::string all;
        for (const std::string& table :
             sql().list("SELECT tablename FROM pg_tables WHERE schemaname = 'hil' ORDER BY tablename"))
            all += table + ":\n" +
                   sql().one("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM hil." + table + " t") +
                   "\n";
        return all;
    }
};

TEST_F(Restore, ADumpedDatabaseGoesOnWorking) {
    load(support_workflow);
    const std::string agent = add_agent("Ada", "{}", 1);
    const std::string with_agent = new_id(), waiting = new_id(), finished = new_id(), half_done = new_id(),
                      queued = new_id();
    says(with_agent, "escalate");
    says(waiting, "escalate");
    Process& worker = start_worker();
    says(finished, "Where is my order?");
    ASSERT_TRUE(reaches(finished, "finished"));
    worker.signal(SIGTERM);
    ASSERT_EQ(worker.wait(), 0);
    // A worker that has done one step, and will not be heard of again.
    says(half_done, "Where is my order?");
    const std::string run = sql().one("SELECT run_id FROM hil_claim_runs('gone', 1, '1 s')");
    sql().query(
        "SELECT hil_record_step($1, 1, 'classify_intent', $2)",
        {run, R"({"intent": "order_status", "confidence": 0.9, "complexity": "low", "needs_human": false})"});
    says(queued, "How do I download my invoice?");

    const std::string before = contents();
    const std::string newest_ticket = sql().one("SELECT max(ticket) FROM hil.agent_queue");
    restore_into_another_database();
    // A scheduler goes on with what it finds.
    if (!preloaded()) {
        EXPECT_EQ(contents(), before);
    }
    EXPECT_EQ(complaints(), "");

    start_worker();
    ASSERT_TRUE(reaches(queued, "finished"));
    ASSERT_TRUE(within_patience([&] {
        skip_backoff();
        return status(half_done) == "finished";
    }));
    EXPECT_EQ(
        sql().one("SELECT string_agg(node || ' ' || attempt, ', ' ORDER BY step_number) FROM hil.run_steps "
                  "WHERE conversation_id = $1",
                  {half_done}),
        "classify_intent 1, check_confidence 2, handle_with_ai 2, evaluate_result 2");
    EXPECT_EQ(sql().json("SELECT hil_resolve($1, 'done', $2)", {with_agent, agent})["assigned"],
              Json{waiting});
    const std::string next = new_id();
    EXPECT_EQ(says(next, "escalate")["queue_position"], 1);
    EXPECT_TRUE(sql().yes("SELECT ticket > $2::bigint FROM hil.agent_queue WHERE conversation_id = $1",
                          {next, newest_ticket}));
    says(finished, "Where is my order?");
    EXPECT_TRUE(within_patience([&] { return said(finished, "ai").size() == 2; }));
}

class ScheduledRestore : public Background {
  protected:
    void TearDown() override {
        if (!IsSkipped()) server().query("DROP DATABASE IF EXISTS restored WITH (FORCE)");
        Background::TearDown();
    }
};

// Each of several jobs loads a table or sets a sequence, in no order. An agent who is marked offline in the
// midst of that writes an event which the dump does not have.
TEST_F(ScheduledRestore, RoundsWaitForTheEndOfARestoreInSeveralJobs) {
    says(new_id(), "hello");
    const std::string agent = add_agent("Ann", "{billing}");
    sql().query("UPDATE hil.human_agents SET last_active = clock_timestamp() - interval '10 minutes'");
    set("hil.agent_timeout", "1h");
    ASSERT_TRUE(all_is_announced());
    const std::string dump = file("dump", "");
    run({"pg_dump", "--format=custom", "--file=" + dump, database()});

    set("hil.agent_timeout", "1min");
    server().query("CREATE DATABASE restored");
    Session there("restored"), holder("restored");
    there.query("CREATE EXTENSION hil");
    ASSERT_TRUE(has_scheduler("restored"));
    holder.query("BEGIN");
    holder.query("LOCK TABLE hil.agent_queue IN SHARE MODE");
    Process restore({"pg_restore", "--exit-on-error", "--jobs=4", "--dbname=restored", dump}, {},
                    file("restore.log", ""));
    const auto loaded = [&] {
        return there.yes(
            "SELECT o.is_called AND t.is_called AND m.is_called AND EXISTS (SELECT 1 FROM hil.human_agents) "
            "FROM hil.outbox_id_seq o, hil.agent_queue_ticket_seq t, hil.messages_id_seq m");
    };
    ASSERT_TRUE(within_patience(loaded)) << restore.output();
    ASSERT_TRUE(several_rounds("restored"));
    EXPECT_EQ(there.one("SELECT status FROM hil.human_agents"), "online");
    holder.query("ROLLBACK");
    ASSERT_EQ(restore.wait(), 0) << restore.output();
    EXPECT_TRUE(
        within_patience([&] { return there.one("SELECT status FROM hil.human_agents") == "offline"; }));
    EXPECT_EQ(there.list("SELECT check_name || ': ' || detail FROM hil_doctor() WHERE NOT ok"),
              std::vector<std::string>{});
}

// Whoever may connect can call themselves pg_restore; only who could restore hil's tables is believed.
TEST_F(ScheduledRestore, OnlyWhoCouldRestoreHilIsWaitedFor) {
    const auto begin_anew = [&] {
        const std::string before = scheduler();
        server().query("SELECT pg_terminate_backend($1)", {before});
        return is_served(before);
    };
    const auto doctor = [&] {
        return sql().one(
            "SELECT ok || ': ' || detail FROM hil_doctor() WHERE check_name = 'time_driven_work'");
    };
    const auto restores = [&](const char* count) {
        return within_patience([&] {
            return server().one(
                       "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_restore'") ==
                   count;
        });
    };
    ASSERT_TRUE(is_served());
    says(new_id(), "hello");
    ASSERT_TRUE(all_is_announced());
    server().query("DROP ROLE IF EXISTS restore_visitor");
    server().query("CREATE ROLE restore_visitor LOGIN");
    {
        Process visitor({"psql", "-X", "--command=SELECT pg_sleep(600)", database()},
                        {{"PGUSER", "restore_visitor"}, {"PGAPPNAME", "pg_restore"}},
                        file("visitor.log", ""));
        ASSERT_TRUE(restores("1")) << visitor.output();
        ASSERT_TRUE(begin_anew());
        EXPECT_TRUE(reaches(missed_pair(), "human_active"));
        EXPECT_EQ(doctor(), "true: a scheduler runs here, and does what time brings");
        EXPECT_EQ(logged("waits for the end of a restore"), 0);
        server().query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'restore_visitor'");
    }
    ASSERT_TRUE(restores("0"));
    server().query("DROP ROLE restore_visitor");

    Session restorer(database());
    restorer.query("SET application_name = 'pg_restore'");
    ASSERT_TRUE(begin_anew());
    EXPECT_TRUE(within_patience([&] {
        return doctor() == "false: a scheduler runs here, and does nothing until the end of a restore";
    }));
    ASSERT_TRUE(several_rounds(database()));
    EXPECT_EQ(logged("waits for the end of a restore into database \"" + database() + "\""), 1);
    says(new_id(), "hello");
    EXPECT_NE(sql().one("SELECT count(*) FROM hil.outbox"), "0");
    restorer.query("RESET application_name");
    EXPECT_TRUE(all_is_announced());
    EXPECT_EQ(doctor(), "true: a scheduler runs here, and does what time brings");
    EXPECT_EQ(logged("waits no more for a restore into database \"" + database() + "\""), 1);
}

}  // namespace
}  // namespace hil::test
