// hil_queue_position is what counting would give: at random, on old snapshots, after crashes, on a standby;
// and it costs the same however much came and went.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

constexpr const char* escalating = R"(
name: support
hil_config:
  routing_rules:
    - {skill: slow, priority: 8, max_wait_time: 60}
workflow:
  nodes:
    - {id: reply, agent: reasoning_support_agent}
    - {id: FINISH, type: sink, action: finish_conversation}
  edges:
    - {from: reply, to: FINISH}
)";

// Entries whose position is not their place in the order of the queue, in one statement and so on one
// snapshot.
const std::string wrong_positions =
    "SELECT conversation_id::text || ' has place ' || place || ', not ' || "
    "hil_queue_position(conversation_id) "
    "FROM (SELECT conversation_id, row_number() OVER (ORDER BY priority, ticket) AS place "
    "      FROM hil.agent_queue WHERE status = 'pending') w WHERE hil_queue_position(conversation_id) <> "
    "place";

// What one session does at random. Each transaction does several things, some of which it takes back.
class Player {
  public:
    Player(Session& session, unsigned seed) : session_(session), dice_(seed) {
        session_.query("SET deadlock_timeout = '20ms'");
    }

    void play() {
        try {
            session_.query("BEGIN");
            for (int left = 1 + dice_.below(4); left > 0; --left) dice_.below(4) == 0 ? try_out() : act();
            // What this transaction did and nobody else can see yet counts too.
            if (dice_.below(8) == 0) check();
            session_.query(dice_.below(5) == 0 ? "ROLLBACK" : "COMMIT");
            ++transactions;
        } catch (const SqlError& error) {
            // Somebody else was first, or two held what the other wanted.
            if (error.sqlstate != "55000" && error.sqlstate != "42501" && error.sqlstate != "40P01") throw;
            session_.query("ROLLBACK");
        }
    }

    void check() {
        for (const std::string& entry : session_.list(wrong_positions)) wrong.push_back(entry);
    }

    int transactions = 0;
    std::vector<std::string> wrong;

  private:
    void try_out() {
        session_.query("SAVEPOINT attempt");
        act();
        act();
        if (dice_.below(8) == 0) check();
        session_.query(dice_.below(2) == 0 ? "ROLLBACK TO attempt" : "RELEASE attempt");
    }

    void act() {
        const int choice = dice_.below(100);
        if (choice < 45) return begin();
        if (choice < 60) return with("pending", "SELECT hil_cancel($1, 'gave up')");
        if (choice < 70) return with("assigned", "SELECT hil_resolve($1, 'done', $2)");
        if (choice < 78) return with("assigned", "SELECT hil_decline($1, $2)");
        if (choice < 86)
            return with("assigned",
                        "SELECT hil_transfer($1, $2, 'other work', priority => 1 + (random() * 9)::int)");
        if (choice < 92)
            return with(
                "pending",
                "UPDATE hil.agent_queue SET next_step_at = next_step_at - interval '1 hour', deadline = "
                "deadline - interval '1 hour', created_at = created_at - interval '1 hour' "
                "WHERE conversation_id = $1 AND status = 'pending' AND next_step_at IS NOT NULL");
        session_.query("SELECT hil_tick()");
    }

    void begin() {
        session_.query(
            "SELECT hil_handover(hil_create_conversation(), 'test', $1::text[], nullif($2::int, 0)) "
            "FROM generate_series(1, $3::int)",
            {dice_.one_of(skills_), std::to_string(dice_.below(11)), std::to_string(1 + dice_.below(3))});
    }

    void with(const std::string& status, const std::string& statement) {
        const Rows rows = session_.query(
            "SELECT conversation_id, assigned_to FROM hil.agent_queue WHERE status = $1 ORDER BY random() "
            "LIMIT 1",
            {status});
        if (rows.empty()) return;
        if (statement.find("$2") == std::string::npos)
            session_.query(statement, {rows[0][0]});
        else
            session_.query(statement, {rows[0][0], rows[0][1]});
    }

    Session& session_;
    Dice dice_;
    const std::vector<std::string> skills_ = {"{}", "{billing}", "{slow}", "{billing,slow}", "{rare}"};
};

class Positions : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load_text(escalating);
        // So that few entries are spread over many blocks and pages of tickets.
        sql().query("ALTER SEQUENCE hil.agent_queue_ticket_seq INCREMENT BY 29");
        const char* seed = std::getenv("HIL_TEST_SEED");
        seed_ = seed != nullptr ? std::strtoul(seed, nullptr, 10) : std::random_device()();
        RecordProperty("seed", std::to_string(seed_));
    }

    void hand_over(int count, int priority = 5) {
        sql().query(
            "SELECT hil_handover(hil_create_conversation(), 'test', '{rare}', $2::int) FROM "
            "generate_series(1, $1::int)",
            {std::to_string(count), std::to_string(priority)});
    }

    void expect_exact(Session& session) {
        EXPECT_EQ(session.list(wrong_positions), std::vector<std::string>{});
    }

    // So many come and go, in as many transactions, with rounds in between.
    void come_and_go(int count) {
        for (int i = 0; i < count; ++i) {
            const std::string id = new_id();
            sql().query("SELECT hil_create_conversation($1)", {id});
            sql().query("SELECT hil_handover($1, 'test', '{rare}', 5)", {id});
            sql().query("SELECT hil_cancel($1)", {id});
            if (i % 20 == 0) sql().query("SELECT hil_tick()");
        }
        sql().query("SELECT hil_tick()");
    }

    // Pages that a position reads.
    int pages_read(const std::string& conversation) {
        const std::string statement = "SELECT hil_queue_position('" + conversation + "')";
        sql().query(statement);  // what a session looks up once
        return sql().json("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " +
                          statement)[0]["Plan"]["Shared Hit Blocks"];
    }

    int low_water() { return sql().number("SELECT low_water FROM hil.queue_counts"); }
    int last_delta() { return sql().number("SELECT last_value FROM hil.queue_count_deltas_id_seq"); }

    unsigned seed_ = 0;
};

TEST_F(Positions, AreExactWhateverHappensAtOnce) {
    constexpr int writers = 4, transactions = 150;
    for (int number = 0; number < 3; ++number)
        add_agent("Agent " + std::to_string(number), "{billing,slow}", 4);
    std::atomic<int> working = writers, snapshots = 0;
    std::mutex mutex;
    std::vector<std::string> wrong;
    const auto note = [&](const std::vector<std::string>& more) {
        const std::lock_guard lock(mutex);
        wrong.insert(wrong.end(), more.begin(), more.end());
    };
    const auto write = [&](Session& session, int number) {
        Player player(session, seed_ + number);
        while (player.transactions < transactions) player.play();
        note(player.wrong);
        --working;
    };
    // The same snapshot again and again, while everything moves on.
    const auto look_back = [&](Session& session) {
        while (working > 0) {
            session.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
            for (int i = 0; i < 5; ++i) note(session.list(wrong_positions));
            session.query("COMMIT");
            session.query("VACUUM hil.agent_queue");  // then some rows need not be looked at
            ++snapshots;
        }
    };
    EXPECT_EQ(at_once(database(), writers + 1,
                      [&](Session& session, int number) {
                          if (number == writers) return look_back(session);
                          try {
                              write(session, number);
                          } catch (...) {
                              --working;
                              throw;
                          }
                      }),
              std::vector<std::string>{});
    EXPECT_EQ(wrong, std::vector<std::string>{}) << "HIL_TEST_SEED=" << seed_;
    EXPECT_GT(snapshots, 5);
    expect_exact(sql());
    EXPECT_GT(sql().number("SELECT count(*) FROM hil.agent_queue WHERE status = 'pending'"), 20);
    EXPECT_GT(sql().number("SELECT count(DISTINCT priority) FROM hil.agent_queue WHERE status = 'pending'"),
              5);
    EXPECT_GT(sql().number("SELECT count(*) FROM hil.agent_queue WHERE escalation_step > 0"), 0);
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return sql().number("SELECT count(*) FROM hil.queue_count_deltas") == 0;
    }));
    EXPECT_GT(sql().number("SELECT count(*) FROM hil.queue_count_pages"), 10);
    expect_exact(sql());
}

TEST_F(Positions, AreExactAfterACrash) {
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> done = 0;
        std::jthread crash([&] {
            within_patience([&] { return done >= 200; });
            cluster("stop-immediate");
        });
        at_once(database(), 4, [&](Session& session, int number) {
            Player player(session, seed_ + 100 * round + number);
            for (;; ++done) player.play();  // until the server is gone
        });
        crash.join();
        cluster("start");
        reconnect();
        expect_exact(sql());
        sql().query("SELECT hil_tick()");
        expect_exact(sql());
    }
    EXPECT_GT(sql().number("SELECT count(*) FROM hil.agent_queue WHERE status = 'pending'"), 20);
}

// A long transaction, such as a dump's, keeps every old row alive. Readers must not walk over them.
TEST_F(Positions, CostTheSameBesideALongSnapshot) {
    hand_over(40);
    sql().query("SELECT hil_tick()");
    const std::string last =
        sql().one("SELECT conversation_id FROM hil.agent_queue ORDER BY ticket DESC LIMIT 1");
    const int before = pages_read(last);
    Session dump = connect();
    dump.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    EXPECT_EQ(dump.number("SELECT hil_queue_position($1)", {last}), 40);
    come_and_go(600);
    // A scheduler folds what came last a little later.
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return pages_read(last) <= 2 * before;
    }));
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return low_water() == last_delta();
    }));
    sql().query(
        "SELECT hil_cancel(conversation_id) FROM hil.agent_queue WHERE status = 'pending' ORDER BY ticket "
        "LIMIT 7");
    sql().query("SELECT hil_tick()");
    EXPECT_EQ(sql().number("SELECT hil_queue_position($1)", {last}), 33);
    EXPECT_EQ(dump.number("SELECT hil_queue_position($1)", {last}), 40);
    expect_exact(dump);
    expect_exact(sql());
}

// The low water passed a delta whose transaction was still at work, and the entry was never counted.
TEST_F(Positions, CountWhatALongTransactionCommitsAtLast) {
    hand_over(3);
    Session slow = connect();
    slow.query("BEGIN");
    slow.query("SELECT hil_handover(hil_create_conversation(), 'test', '{rare}', 1)");
    const int open = last_delta();
    come_and_go(50);
    EXPECT_GT(last_delta(), open);
    EXPECT_LT(low_water(), open);
    expect_exact(slow);
    expect_exact(sql());
    slow.query("COMMIT");
    expect_exact(sql());
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return low_water() == last_delta();
    }));
    expect_exact(sql());
}

// Another long transaction, which only wrote elsewhere, held the low water back, and readers walked over all
// that came and went meanwhile.
TEST_F(Positions, DoNotWaitForWhoWritesElsewhere) {
    sql().query("CREATE TABLE elsewhere (n int)");
    Session slow = connect();
    slow.query("BEGIN");
    slow.query("INSERT INTO elsewhere VALUES (1)");
    come_and_go(50);
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return low_water() == last_delta();
    }));
}

// A prepared transaction has no session any more, and after a restart another name than when it wrote.
TEST_F(Positions, CountWhatAPreparedTransactionCommitsAtLast) {
    restart_with("max_prepared_transactions", "2");
    come_and_go(1);
    Session slow = connect();
    slow.query("BEGIN");
    // As hil_handover does, which without a scheduler also notifies, and so could not be prepared.
    slow.query(
        "INSERT INTO hil.queue_count_deltas (priority, ticket, skill_set_id, delta) VALUES (1, 1, 0, 1)");
    const int open = last_delta();
    come_and_go(10);
    slow.query("PREPARE TRANSACTION 'late'");
    come_and_go(10);
    EXPECT_LT(low_water(), open);
    cluster("restart");
    reconnect();
    come_and_go(10);
    EXPECT_LT(low_water(), open);
    sql().query("COMMIT PREPARED 'late'");
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return sql().number("SELECT waiting[1] FROM hil.queue_counts") == 1;
    }));
    sql().query(
        "INSERT INTO hil.queue_count_deltas (priority, ticket, skill_set_id, delta) VALUES (1, 1, 0, -1)");
}

// A second server that follows the first and answers who only reads.
class Follower {
  public:
    Follower() {
        as_server({"pg_basebackup", "--pgdata=" + data(), "--write-recovery-conf", "--checkpoint=fast",
                   "--no-sync"});
        control({"-l", data() + "/log", "-o", "-p 5434", "start"});
    }
    ~Follower() {
        control({"-m", "immediate", "stop"});
        std::filesystem::remove_all(data());
    }
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    // The lines of a query's result.
    static std::string ask(const std::string& database, const std::string& query) {
        return run({"psql", "-XAtq", "-p", "5434", "-d", database, "-c", query});
    }

  private:
    static std::string folder() { return std::getenv("HIL_CLUSTER"); }
    static std::string data() { return folder() + "/follower"; }
    static void control(const std::vector<std::string>& arguments) {
        std::string bindir;
        std::getline(std::ifstream(folder() + "/bindir"), bindir);
        std::vector<std::string> command = {bindir + "/pg_ctl", "--silent", "-w", "-D", data()};
        command.insert(command.end(), arguments.begin(), arguments.end());
        as_server(command);
    }
    static void as_server(std::vector<std::string> command) {
        if (geteuid() == 0) command.insert(command.begin(), {"runuser", "-u", "postgres", "--"});
        run(command);
    }
};

TEST_F(Positions, AreExactOnAStandby) {
    const Follower follower;
    std::atomic<bool> over = false;
    std::jthread writer([&] {
        Session session = connect();
        Player player(session, seed_);
        while (!over) player.play();
    });
    std::string wrong;
    for (int i = 0; i < 30; ++i) wrong += Follower::ask(database(), wrong_positions);
    over = true;
    writer.join();
    hand_over(5);
    sql().query("SELECT hil_tick()");
    const std::string reached = sql().one("SELECT pg_current_wal_lsn()");
    EXPECT_TRUE(within_patience([&] {
        return Follower::ask(database(), "SELECT pg_last_wal_replay_lsn() >= '" + reached + "'") == "t\n";
    }));
    wrong += Follower::ask(database(), wrong_positions);
    EXPECT_EQ(wrong, "");
    EXPECT_GE(std::stoi(Follower::ask(database(),
                                      "SELECT max(hil_queue_position(conversation_id)) FROM "
                                      "hil.agent_queue WHERE status = 'pending'")),
              5);
}

}  // namespace
}  // namespace hil::test
