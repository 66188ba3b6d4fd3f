// Both terminals where something is missing: the database for a while, a worker, or what was to be shown
// first.
#include <csignal>

#include "terminal.hpp"

namespace hil::test {
namespace {

TEST_F(ChatDesk, ARestartOfTheServerLosesNothingThatWasTyped) {
    load(support_workflow);
    offline_agent("Gil", "{}");
    const auto customer = chat();
    const auto agent = desk("Gil@example.com");
    EXPECT_TRUE(customer->shows("/help"));
    EXPECT_TRUE(agent->shows("you are online"));
    agent->type("/away");
    EXPECT_TRUE(agent->shows("you are away"));
    cluster("stop");
    EXPECT_TRUE(customer->shows("the database is not there"));
    EXPECT_TRUE(agent->shows("the database is not there"));
    customer->type("Where is my order?");
    agent->type("/inbox");
    agent->type("/quit");
    EXPECT_TRUE(agent->shows("leaving when the database is back"));
    cluster("start");
    reconnect();
    start_worker();
    EXPECT_TRUE(customer->shows("the database is back"));
    EXPECT_TRUE(customer->shows("tracking link")) << "it hears of what happens again";
    EXPECT_EQ(said(only_conversation(), "user"), std::vector<std::string>{"Where is my order?"});
    EXPECT_TRUE(agent->shows("your inbox is empty"));
    EXPECT_EQ(agent->process().wait(), 0);
    EXPECT_EQ(sql().one("SELECT status FROM hil.human_agents"), "offline");
    const std::string shown = agent->output();
    EXPECT_NE(shown.find("you are away", shown.find("not there")), std::string::npos) << shown;
}

TEST_F(ChatDesk, AMessageWhoseAnswerWasLostIsStoredOnce) {
    const auto customer = chat();
    EXPECT_TRUE(customer->shows("/help"));
    // Commits wait for a standby that does not exist: a session that is ended then has committed and does not
    // say so.
    sql().query("CREATE TABLE probes (x int)");
    sql().query("SET synchronous_commit = local");
    sql().query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql().query("SELECT pg_reload_conf()");
    const std::string waits =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()";
    Session other = connect();
    // Until the server's processes have heard of it.
    for (int probe = 1; sql().number(waits) == 0; ++probe) {
        const std::string write = "INSERT INTO probes VALUES (" + std::to_string(probe) + ")";
        other.send(write);
        ASSERT_TRUE(within_patience([&] {
            return sql().yes(
                "SELECT query = $1 AND (state = 'idle' OR wait_event = 'SyncRep') FROM pg_stat_activity "
                "WHERE pid = $2",
                {write, std::to_string(other.backend())});
        }));
        if (sql().number(waits) == 0) other.finish();
    }
    customer->type("I was charged twice.");
    EXPECT_TRUE(within_patience([&] { return sql().number(waits) == 2; }));
    sql().query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
        "datname "
        "= current_database()");
    sql().query("ALTER SYSTEM RESET synchronous_standby_names");
    sql().query("SELECT pg_reload_conf()");
    EXPECT_TRUE(customer->shows("the database is back"));
    const std::string id = only_conversation();
    EXPECT_EQ(said(id, "user"), std::vector<std::string>{"I was charged twice."});
    EXPECT_EQ(customer->output().find("you  "), std::string::npos) << "their own words are not told them";
    customer->type("/quit");
    EXPECT_EQ(customer->process().wait(), 0);
}

// An agent whose desk had ended would still be assigned to.
TEST_F(ChatDesk, AnErrorThatPassesEndsNeither) {
    sql().query("ALTER DATABASE " + database() + " SET lock_timeout = '200ms'");
    offline_agent("Lee", "{}");
    const auto customer = chat();
    const auto agent = desk("Lee@example.com");
    EXPECT_TRUE(customer->shows("/help"));
    EXPECT_TRUE(agent->shows("your inbox is empty"));
    const std::string said_of_it = "trying again: canceling statement due to lock timeout";
    Session other = connect();
    other.query("BEGIN");
    other.query("LOCK TABLE hil.conversations");
    EXPECT_TRUE(customer->shows(said_of_it));
    EXPECT_TRUE(agent->shows(said_of_it));
    other.query("ROLLBACK");
    EXPECT_TRUE(customer->shows("the database is back"));
    EXPECT_TRUE(agent->shows("the database is back"));
    // Also what is done first over another connection.
    other.query("BEGIN");
    other.query("LOCK TABLE hil.human_agents");
    const std::size_t before = agent->output().size();
    sql().query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'hil-worker' "
        "AND datname = current_database()");
    EXPECT_TRUE(
        within_patience([&] { return agent->output().find(said_of_it, before) != std::string::npos; }));
    other.query("ROLLBACK");
    agent->type("/quit");
    EXPECT_EQ(agent->process().wait(), 0) << agent->output();
    EXPECT_EQ(sql().one("SELECT status FROM hil.human_agents"), "offline");
    customer->type("/quit");
    EXPECT_EQ(customer->process().wait(), 0) << customer->output();
}

TEST_F(ChatDesk, ASignalLeavesWithoutADatabaseAndSaysWhatIsMissed) {
    offline_agent("Hal", "{}");
    const auto customer = chat();
    const auto agent = desk("Hal@example.com");
    EXPECT_TRUE(customer->shows("/help"));
    EXPECT_TRUE(agent->shows("/help"));
    cluster("stop");
    EXPECT_TRUE(customer->shows("the database is not there"));
    EXPECT_TRUE(agent->shows("the database is not there"));
    customer->type("Hello?");
    customer->type("/quit");
    EXPECT_TRUE(customer->shows("Ctrl-C leaves now"));
    customer->process().signal(SIGINT);
    EXPECT_EQ(customer->process().wait(), 2);
    EXPECT_TRUE(customer->shows("1 of the lines that were typed was not sent"));
    agent->process().signal(SIGINT);
    EXPECT_EQ(agent->process().wait(), 2);
    EXPECT_TRUE(agent->shows("you are online until hil.agent_timeout is over"));
    cluster("start");
    reconnect();
}

TEST_F(ChatDesk, WithoutAWorkerTheCustomerIsToldAndCanLeave) {
    load(support_workflow);
    const auto customer = chat();
    customer->type("Where is my order?");
    EXPECT_TRUE(customer->shows("is a worker running"));
    customer->process().signal(SIGINT);
    EXPECT_EQ(customer->process().wait(), 0);
}

// In a pipe the line is there before anything was shown.
TEST_F(ChatDesk, AReplyFindsTheConversationThatWasThereFirst) {
    const std::string id = new_id();
    offline_agent("Ira", "{}");
    says(id, "I was charged twice.");
    run({"sh", "-c", "echo 'I refund it.' | " + worker_program + " desk --agent Ira@example.com"},
        {{"HIL_DATABASE_URL", "postgresql:///" + database()}});
    EXPECT_EQ(said(id, "agent"), std::vector<std::string>{"I refund it."});
}

}  // namespace
}  // namespace hil::test
