// How a scheduler does its duties: woken by commits, one failing without the others, at no cost while there
// is nothing.
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "background.hpp"

namespace hil::test {
namespace {

class BackgroundDuties : public Background {
  protected:
    void SetUp() override {
        Background::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(is_served());
    }

    // What the process has used, in seconds.
    double cpu_seconds(const std::string& process) const {
        std::string stat;
        std::getline(std::ifstream("/proc/" + process + "/stat"), stat);
        std::istringstream fields(stat.substr(stat.rfind(')') + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i) fields >> skipped;
        double user = 0, system = 0;
        fields >> user >> system;
        return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }

    double commits() {
        return std::stod(
            server().one("SELECT xact_commit FROM pg_stat_database WHERE datname = $1", {database()}));
    }
};

TEST_F(BackgroundDuties, ACommitWakesTheSchedulerAndAnAbortDoesNot) {
    set("hil.naptime", "1h");
    sql().query("SELECT hil_add_agent('Ada', 'ada@example.com')");
    const std::string waiting = new_id(), process = scheduler();
    says(waiting, "hello");
    stop_asleep(process);
    sql().query("BEGIN");
    says(new_id(), "hello");
    sql().query("ROLLBACK");
    EXPECT_FALSE(is_woken(process));
    sql().query("BEGIN");
    sql().query("SAVEPOINT s");
    says(new_id(), "hello");
    sql().query("ROLLBACK TO s");
    sql().query("UPDATE hil.human_agents SET status = 'online'");
    says(new_id(), "hello");
    EXPECT_FALSE(is_woken(process));
    sql().query("COMMIT");
    EXPECT_TRUE(is_woken(process));
    kill(std::stoi(process), SIGCONT);
    EXPECT_TRUE(reaches(waiting, "human_active"));
    EXPECT_EQ(scheduler(), process);
}

TEST_F(BackgroundDuties, ATransactionThatWasPreparedWakesItWhenItIsCommitted) {
    restart_with("max_prepared_transactions", "1");
    ASSERT_TRUE(is_served());
    set("hil.naptime", "1h");
    says(new_id(), "hello");
    ASSERT_TRUE(all_is_announced());
    const std::string process = scheduler();
    stop_asleep(process);
    const std::string customer = new_id();
    for (const char* end : {"ROLLBACK", "COMMIT"}) {
        sql().query("BEGIN");
        says(customer, "hello");
        sql().query("PREPARE TRANSACTION 'with_work'");
        sql().query(std::string(end) + " PREPARED 'with_work'");
        EXPECT_EQ(is_woken(process), end == std::string("COMMIT"));
    }
    kill(std::stoi(process), SIGCONT);
    ASSERT_TRUE(all_is_announced());
    EXPECT_EQ(status(customer), "pending_human");
}

TEST_F(BackgroundDuties, ADutyThatFailsIsLoggedOncePerCauseAndHoldsUpNoOther) {
    load(support_workflow);
    sql().query("CREATE SEQUENCE public.attempts");
    sql().query(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE '%', CASE WHEN nextval('public.attempts') < 3 THEN 'not today' ELSE 'not tomorrow' END; END "
        "$$");
    const std::string turn = new_id();
    says(turn, "Where is my order?");
    sql().query(
        "CREATE TRIGGER refuse BEFORE UPDATE ON hil.agent_queue FOR EACH ROW WHEN (NEW.status = 'assigned') "
        "EXECUTE FUNCTION public.refuse()");
    const std::string waiting = missed_pair();
    EXPECT_TRUE(within_patience([&] { return sql().yes("SELECT last_value >= 3 FROM public.attempts"); }));
    const std::string failed = "WARNING:  hil scheduler: duty \"assigned\" failed with conversation " +
                               waiting + " and is tried again: ";
    EXPECT_EQ(logged(failed + "not today"), 1);
    EXPECT_TRUE(within_patience([&] { return logged(failed + "not tomorrow") == 1; }));
    EXPECT_EQ(status(waiting), "pending_human");
    // Another duty, all the while: a customer's message that the AI did not answer in time.
    sql().query("UPDATE hil.runs SET created_at = now() - interval '11 minutes' WHERE conversation_id = $1",
                {turn});
    EXPECT_TRUE(within_patience([&] { return status(turn) != "ai_processing"; }));
    sql().query("DROP TRIGGER refuse ON hil.agent_queue");
    EXPECT_TRUE(reaches(waiting, "human_active"));
    EXPECT_TRUE(within_patience([&] { return logged("hil scheduler: duty \"assigned\" works again") == 1; }));
}

// As an entry whose definition cannot be read would, one among others, for ever.
TEST_F(BackgroundDuties, AConversationThatCannotBeDealtWithHoldsUpNoOther) {
    const std::string first = new_id(), second = new_id();
    sql().query(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; "
        "END $$");
    sql().query(
        "CREATE TRIGGER refuse BEFORE UPDATE ON hil.agent_queue FOR EACH ROW WHEN (NEW.status = 'assigned' "
        "AND NEW.conversation_id = '" +
        first + "') EXECUTE FUNCTION public.refuse()");
    says(first, "hello");
    says(second, "hello");
    sql().query("SELECT hil_add_agent('Ada', 'ada@example.com', max_capacity => 5)");
    sql().query("UPDATE hil.human_agents SET status = 'online'");
    says(new_id(), "somebody else wakes the scheduler");
    EXPECT_TRUE(reaches(second, "human_active"));
    EXPECT_EQ(status(first), "pending_human");
    EXPECT_EQ(logged("WARNING:  hil scheduler: duty \"assigned\" failed with conversation " + first +
                     " and is tried again: not this one"),
              1);
    sql().query("DROP TRIGGER refuse ON hil.agent_queue");
    EXPECT_TRUE(reaches(first, "human_active"));
    EXPECT_TRUE(within_patience([&] { return logged("hil scheduler: duty \"assigned\" works again") == 1; }));
}

TEST_F(BackgroundDuties, WhatADatabaseSetsForItsSessionsDoesNotStopIt) {
    const std::string before = scheduler();
    for (const char* setting : {"search_path = public", "default_transaction_read_only = on",
                                "lock_timeout = 1", "default_transaction_isolation = serializable"})
        server().query("ALTER DATABASE " + database() + " SET " + setting);
    server().query("SELECT pg_terminate_backend($1)", {before});
    ASSERT_TRUE(is_served(before));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_EQ(logged("WARNING:"), 0);
    server().query("ALTER DATABASE " + database() + " RESET ALL");
}

TEST_F(BackgroundDuties, TheyAreDoneAsTheExtensionsOwner) {
    sql().query("CREATE TABLE public.seen (who name)");
    sql().query(
        "CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NEW; END $$");
    sql().query(
        "CREATE TRIGGER look AFTER UPDATE ON hil.agent_queue FOR EACH ROW EXECUTE FUNCTION public.look()");
    // What is left to the commit, too.
    sql().query(
        "CREATE CONSTRAINT TRIGGER look_late AFTER UPDATE ON hil.agent_queue DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION public.look()");
    sql().query("CREATE ROLE background_owner SUPERUSER");
    const std::string before = scheduler();
    sql().query("UPDATE pg_extension SET extowner = 'background_owner'::regrole WHERE extname = 'hil'");
    ASSERT_TRUE(is_served(before));
    EXPECT_TRUE(reaches(missed_pair(), "human_active"));
    EXPECT_EQ(sql().one("SELECT string_agg(DISTINCT who, ', ') FROM public.seen"), "background_owner");
    sql().query("UPDATE pg_extension SET extowner = 'postgres'::regrole WHERE extname = 'hil'");
    sql().query("DROP ROLE background_owner");
}

TEST_F(BackgroundDuties, ACommitThatFailsIsAFailureOfItsDuty) {
    sql().query(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'not committed'; END $$");
    sql().query(
        "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON hil.agent_queue DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION public.refuse()");
    const std::string process = scheduler(), waiting = missed_pair();
    EXPECT_TRUE(within_patience([&] {
        return logged(
                   "WARNING:  hil scheduler: duty \"assigned\" failed and is tried again: not committed") ==
               1;
    }));
    EXPECT_EQ(status(waiting), "pending_human");
    sql().query("DROP TRIGGER refuse ON hil.agent_queue");
    EXPECT_TRUE(reaches(waiting, "human_active"));
    EXPECT_EQ(scheduler(), process);
}

TEST_F(BackgroundDuties, ARoundWithNothingToDoWritesNothingAndCostsNextToNothing) {
    set("hil.naptime", "1ms");
    const std::string process = scheduler();
    const int duties = sql().number("SELECT count(*) FROM jsonb_object_keys(hil_tick())");
    // Other processes write to the log now and then, but not always.
    EXPECT_TRUE(within_patience([&] {
        const auto position = [&] { return server().one("SELECT pg_current_wal_insert_lsn()"); };
        const std::string before = position();
        const double begin = commits();
        const bool worked = within_patience([&] { return commits() >= begin + 100; });
        return worked && position() == before;
    }));
    const double begin = commits(), used = cpu_seconds(process);
    ASSERT_TRUE(within_patience([&] { return commits() >= begin + 4'000; }));
    const double per_round = (cpu_seconds(process) - used) / (commits() - begin) * (duties + 2);
    std::cout << "an idle round: " << per_round * 1e6 << " us of CPU\n";
    // A thousandth of a core, at a naptime of one second.
    EXPECT_LT(per_round, 1e-3);
    EXPECT_EQ(scheduler(), process);
}

TEST_F(BackgroundDuties, RetentionPurgesWhatIsOld) {
    const std::string old = new_id(), recent = new_id();
    for (const std::string& id : {old, recent}) {
        says(id, "hello");
        sql().query("SELECT hil_cancel($1)", {id});
    }
    sql().query("UPDATE hil.conversations SET closed_at = now() - interval '2 days' WHERE id = $1", {old});
    set("hil.retention", "1d");
    EXPECT_TRUE(within_patience([&] { return status(old).empty(); }));
    EXPECT_EQ(status(recent), "resolved");
}

// The oldest comes first in every batch.
TEST_F(BackgroundDuties, RetentionPassesOverWhatCannotBeDeleted) {
    const std::string kept = new_id(), old = new_id();
    for (const std::string& id : {kept, old}) {
        says(id, "hello");
        sql().query("SELECT hil_cancel($1)", {id});
    }
    sql().query("CREATE TABLE public.tickets (conversation uuid REFERENCES hil.conversations)");
    sql().query("INSERT INTO public.tickets VALUES ($1)", {kept});
    sql().query(
        "UPDATE hil.conversations SET closed_at = now() - CASE id WHEN $1 THEN interval '3 days' "
        "ELSE interval '2 days' END",
        {kept});
    set("hil.retention", "1d");
    EXPECT_TRUE(within_patience([&] { return status(old).empty(); }));
    EXPECT_EQ(status(kept), "resolved");
    EXPECT_EQ(logged("duty \"conversations_purged\" failed with conversation " + kept +
                     " and is tried again: update or delete on table \"conversations\" violates foreign key"),
              1);
    sql().query("DELETE FROM public.tickets");
    EXPECT_TRUE(within_patience([&] { return status(kept).empty(); }));
}

TEST_F(BackgroundDuties, WorkersHearOfARetryWhenItIsDue) {
    load(support_workflow);
    const std::string id = new_id();
    says(id, "Where is my order?");
    const std::string run = sql().one("SELECT run_id FROM hil_claim_runs('tester')");
    Session worker = connect();
    sql().query("SELECT hil_fail_run($1, 1, 'no answer', retry_after => '1 s')", {run});
    worker.listen("hil_runs");
    EXPECT_TRUE(within_patience([&] {
        for (const Notification& heard : worker.notifications())
            if (heard.payload["type"] == "run_due") return true;
        return false;
    }));
}

TEST_F(BackgroundDuties, WorkersHearOfAMessageBeforeItIsRelayed) {
    load(support_workflow);
    Session worker = connect();
    worker.listen("hil_runs");
    Session other = connect();
    other.query("BEGIN");
    other.query("LOCK TABLE hil.events IN SHARE MODE");
    // Between two rounds, or one that has looked for runs already would go on to the relay, and wait.
    ASSERT_TRUE(is_served());
    const std::string process = scheduler();
    stop_asleep(process);
    says(new_id(), "Where is my order?");
    kill(std::stoi(process), SIGCONT);
    EXPECT_TRUE(within_patience([&] {
        for (const Notification& heard : worker.notifications())
            if (heard.payload["type"] == "run_due") return true;
        return false;
    }));
    EXPECT_EQ(sql().one("SELECT count(*) FROM hil.events"), "0");
    other.query("ROLLBACK");
}

// pg_restore loads table after table and sets the sequences last. A round that marked the agent offline
// meanwhile would write an event under an id that the restored outbox has too, and the restore would fail.
TEST_F(BackgroundDuties, RoundsWaitForTheEndOfARestore) {
    const std::string agent = sql().one("SELECT hil_add_agent('Ann', 'ann@example.com')");
    sql().query(
        "WITH message AS (INSERT INTO hil.messages (conversation_id, id, sender_type, content) "
        "OVERRIDING SYSTEM VALUE VALUES (gen_random_uuid(), 7, 'user', 'Hello')) "
        "UPDATE hil.human_agents SET status = 'online', last_active = clock_timestamp() - interval '1 day'");
    ASSERT_TRUE(several_rounds(database()));
    EXPECT_EQ(sql().one("SELECT status FROM hil.human_agents"), "online");
    EXPECT_FALSE(sql().yes("SELECT is_called FROM hil.outbox_id_seq"));
    sql().query("SELECT setval('hil.messages_id_seq', 7)");
    EXPECT_TRUE(
        within_patience([&] { return sql().one("SELECT status FROM hil.human_agents") == "offline"; }));
    sql().query("DELETE FROM hil.messages");
}

// Agents' rows are written with each assignment; dead index entries would gather in front of the free ones.
TEST_F(BackgroundDuties, DeadVersionsOfAgentsAreTakenAway) {
    sql().query("SELECT hil_add_agent('Ada', 'ada@example.com')");
    const auto vacuums = [&] {
        return sql().one("SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'human_agents'");
    };
    ASSERT_EQ(vacuums(), "0");
    sql().query(
        "DO $$ BEGIN FOR n IN 1..1100 LOOP UPDATE hil.human_agents SET last_active = clock_timestamp(); END "
        "LOOP; END $$");
    EXPECT_TRUE(within_patience([&] { return vacuums() == "1"; }));
    EXPECT_EQ(logged("failed and is tried again"), 0);
}

// Where nothing can be taken away, the next attempt has to be worth it.
TEST_F(BackgroundDuties, DeadVersionsThatSomebodyMaySeeAreNotReadAgainAndAgain) {
    sql().query("SELECT hil_add_agent('Ada', 'ada@example.com')");
    Session old(database());
    old.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    old.query("SELECT 1");
    const auto vacuums = [&] {
        return sql().one("SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'human_agents'");
    };
    sql().query(
        "DO $$ BEGIN FOR n IN 1..1100 LOOP UPDATE hil.human_agents SET last_active = clock_timestamp(); END "
        "LOOP; END $$");
    ASSERT_TRUE(within_patience([&] { return vacuums() == "1"; }));
    const double before = commits();
    EXPECT_TRUE(within_patience([&] { return commits() > before + 200; }));  // several rounds
    EXPECT_EQ(vacuums(), "1");
}

// It rests on a page of an index, which VACUUM waits for where it has something to take away: what was dead
// before the cursor was opened.
TEST_F(BackgroundDuties, AnOpenCursorDoesNotHoldThemUp) {
    const auto leave_dead_versions = [&](const char* count) {
        sql().query("DO $$ BEGIN FOR n IN 1.." + std::string(count) +
                    " LOOP UPDATE hil.human_agents SET last_active = clock_timestamp(); END LOOP; END $$");
    };
    sql().query("SELECT hil_add_agent('Ada', 'ada@example.com')");
    leave_dead_versions("900");
    Session reader(database());
    reader.query("BEGIN");
    reader.query("SET LOCAL enable_seqscan = off");
    reader.query("SET LOCAL enable_bitmapscan = off");
    reader.query("DECLARE c CURSOR FOR SELECT id FROM hil.human_agents ORDER BY id");
    reader.query("FETCH 1 FROM c");
    leave_dead_versions("200");
    EXPECT_TRUE(within_patience([&] {
        return logged(
                   "duty \"vacuumed\" failed and is tried again: canceling statement due to statement "
                   "timeout") == 1;
    }));
    says(new_id(), "hello");
    EXPECT_TRUE(within_patience([&] { return sql().yes("SELECT NOT EXISTS (SELECT FROM hil.outbox)"); }));
    reader.query("COMMIT");
    EXPECT_TRUE(within_patience([&] { return logged("duty \"vacuumed\" works again") == 1; }));
}

}  // namespace
}  // namespace hil::test
