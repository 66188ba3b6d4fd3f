// Everybody does everything at once, at random, while whoever does what time brings is killed again and
// again: the promises of the queue hold at every moment, and at the end nothing is lost and nothing is left
// undone.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "fixture.hpp"
#include "load.hpp"
#include "storm_player.hpp"

namespace hil::test {
namespace {

constexpr int sessions = 32, agents = 8, capacity = 3;
using std::chrono_literals::operator""s;
constexpr auto between_kills = 3s;
constexpr int kills_for_a_crash = 7;  // one in so many is a shot, which restarts the server
constexpr std::size_t kinds_of_calls = 20;

// What is wrong in one snapshot; "" where nothing is.
std::string wrong_now(Session& session) {
    return session.one(
        "SELECT concat_ws('; ', "
        "(SELECT 'above capacity: ' || string_agg(name || ' ' || current_load, ', ') FROM hil.human_agents a "
        " WHERE current_load > max_capacity AND EXISTS (SELECT 1 FROM hil.agent_queue q "
        "  WHERE q.status = 'assigned' AND q.assigned_to = a.id AND q.assigned_at > a.capacity_set_at)), "
        "(SELECT 'load is not the assigned entries: ' || string_agg(name, ', ') FROM hil.human_agents a "
        " WHERE current_load <> "
        " (SELECT count(*) FROM hil.agent_queue q WHERE q.status = 'assigned' AND q.assigned_to = a.id)), "
        "(SELECT 'two entries: ' || string_agg(conversation_id::text, ', ') FROM (SELECT conversation_id "
        " FROM hil.agent_queue WHERE status IN ('pending', 'assigned') GROUP BY 1 HAVING count(*) > 1) "
        "twice), "
        "(SELECT 'not the agent of the entry: ' || string_agg(c.id::text, ', ') FROM hil.conversations c "
        " LEFT JOIN hil.agent_queue q ON q.conversation_id = c.id AND q.status = 'assigned' "
        " WHERE c.assigned_agent_id IS DISTINCT FROM q.assigned_to), "
        "(SELECT 'position is not the place: ' || string_agg(place || ' ' || position, ', ') "
        " FROM (SELECT row_number() OVER (ORDER BY priority, ticket) AS place, "
        "       hil_queue_position(conversation_id) AS position FROM hil.agent_queue WHERE status = "
        "'pending') w WHERE place <> position))");
}

// What the events say against what the tables say, once all of them are relayed; "" where they agree.
std::string wrong_events(Session& session) {
    return session.one(
        "SELECT concat_ws('; ', "
        "(SELECT 'not relayed: ' || count(*) FROM hil.outbox HAVING count(*) > 0), "
        "(SELECT 'seqs have gaps: ' || count(*) || ' of ' || max(seq) FROM hil.events HAVING count(*) <> "
        "max(seq)), "
        "(SELECT 'messages not told once: ' || string_agg(coalesce(m.id, e.id)::text, ', ') "
        " FROM hil.messages m FULL JOIN (SELECT (payload ->> 'message_id')::bigint AS id, count(*) AS times "
        "  FROM hil.events WHERE type = 'message' GROUP BY 1) e ON e.id = m.id WHERE m.id IS NULL OR e.times "
        "IS DISTINCT FROM 1), "
        "(SELECT 'handovers not told: ' || string_agg(c.id::text, ', ') FROM hil.conversations c LEFT JOIN "
        " (SELECT conversation_id, count(*) AS times FROM hil.events WHERE type = 'handover' GROUP BY 1) e "
        "  ON e.conversation_id = c.id WHERE c.handover_count <> coalesce(e.times, 0)), "
        "(SELECT 'assignments not told: ' || string_agg(name, ', ') FROM hil.human_agents a LEFT JOIN "
        " (SELECT agent_id, count(*) FILTER (WHERE type = 'new_assignment') - "
        "   count(*) FILTER (WHERE type = 'unassigned') AS load FROM hil.events GROUP BY 1) e "
        "  ON e.agent_id = a.id WHERE a.current_load <> coalesce(e.load, 0)))");
}

// A thread that does the same over and over until it is stopped, with a new connection whenever it loses its
// own.
class Side {
  public:
    Side(const std::string& database, const std::function<void(Session&)>& round)
        : thread_([=, this](const std::stop_token& stop) {
              Session session = connect_again(database);
              while (!stop.stop_requested()) {
                  try {
                      round(session);
                      ++rounds;
                  } catch (const SqlError& error) {
                      if (!error.sqlstate.empty()) errors.emplace_back(error.what());
                      session = connect_again(database);
                  }
              }
          }) {}

    void stop() {
        thread_.request_stop();
        thread_.join();
    }

    // For whoever has called stop().
    int rounds = 0;
    std::vector<std::string> errors;

  private:
    std::jthread thread_;
};

// Reads every event once and in order, as a gateway does.
class Follower {
  public:
    void read(Session& session) {
        for (const Row& row : session.query("SELECT seq, md5(e::text) FROM hil_events_since($1) e",
                                            {std::to_string(events.size())})) {
            if (*row[0] != std::to_string(events.size() + 1)) gaps.push_back(*row[0]);
            events.push_back(*row[1]);
        }
    }

    void read_all(Session& session) {
        std::size_t before;
        do {
            before = events.size();
            read(session);
        } while (events.size() > before);
    }

    std::vector<std::string> events, gaps;
};

int from_environment(const char* name, int otherwise) {
    const char* given = std::getenv(name);
    return given != nullptr ? std::stoi(given) : otherwise;
}

class Storm : public LiveTest {
  protected:
    // The support workflow with steps of escalation.
    void load_workflow() {
        load(support_workflow);
        sql().query(
            "SELECT hil_load_workflow(jsonb_set(definition, '{hil_config,routing_rules}', "
            "'[{\"skill\": \"billing\", \"priority\": 7, \"escalation\": [{\"after\": 60, \"priority\": 3}, "
            "    {\"after\": 5400, \"back_to_ai\": true}]}, "
            "  {\"skill\": \"technical\", \"priority\": 3, \"max_wait_time\": 180, "
            "   \"escalation\": [{\"after\": 600, \"skills\": [\"returns\"]}]}, "
            "  {\"skill\": \"returns\", \"priority\": 5, \"max_wait_time\": 300}]')) FROM hil.workflows");
    }

    bool has_scheduler() {
        return sql().yes("SELECT current_setting('shared_preload_libraries') ~ '\\mhil\\M'");
    }

    // Ends whatever does what time brings, the scheduler or the session that stands in for it, once it is
    // there: by asking it to, or by a shot, which takes the whole server down. Returns its process id, ""
    // where none came that is not the one before.
    std::string end_timekeeper(const std::string& before, bool shoot) {
        std::string pid;
        within_patience([&] {
            try {
                Session session("postgres");
                pid = session.one(
                    "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> $2::int "
                    "AND (backend_type = 'hil scheduler' OR application_name = 'timekeeper')",
                    {database(), before});
                if (pid.empty()) return false;
                if (shoot)
                    ::kill(std::stoi(pid), SIGKILL);
                else
                    session.query("SELECT pg_terminate_backend($1)", {pid});
                return true;
            } catch (const SqlError&) {
                return false;  // on its way up
            }
        });
        return pid;
    }

    // Does so every few seconds; returns how often in the one way and in the other.
    std::pair<int, int> kill_until(std::chrono::steady_clock::time_point end) {
        std::string pid = "0";
        int asked = 0, shot = 0;
        for (auto next = std::chrono::steady_clock::now() + between_kills; next < end;
             next += between_kills) {
            within_patience([&] { return std::chrono::steady_clock::now() > next; });
            const bool shoot = (asked + shot) % kills_for_a_crash == kills_for_a_crash - 1;
            pid = end_timekeeper(pid, shoot);
            if (pid.empty()) {
                ADD_FAILURE() << "nothing does what time brings";
                break;
            }
            ++(shoot ? shot : asked);
        }
        return {asked, shot};
    }

    // What the server has logged since then that must not happen, also where it is repeated and then
    // succeeds.
    // With the lines that go with them: a deadlock's say who waited for whom, and doing what.
    static std::vector<std::string> faults_logged(std::streamoff since) {
        std::ifstream log(server_log());
        log.seekg(since);
        std::vector<std::string> faults;
        bool is_fault = false;
        const auto holds = [](const std::string& line, std::initializer_list<const char*> texts) {
            return std::any_of(texts.begin(), texts.end(),
                               [&](const char* text) { return line.find(text) != std::string::npos; });
        };
        for (std::string line; std::getline(log, line);) {
            const bool goes_on =
                line.starts_with('\t') || holds(line, {" DETAIL: ", " HINT: ", " CONTEXT: ", " STATEMENT: "});
            if (goes_on && is_fault) faults.back() += "\n" + line;
            if (goes_on) continue;
            is_fault = holds(line, {"hil scheduler: duty", "deadlock detected", "This is a fault of hil"});
            if (is_fault) faults.push_back(line);
        }
        return faults;
    }

    static std::string server_log() { return std::string(std::getenv("HIL_CLUSTER")) + "/log"; }

    // What of the messages that were answered for is not there.
    std::vector<std::string> lost(const Tally& tally) {
        Json written = tally.written;
        return sql().list(
            "SELECT w ->> 1 FROM jsonb_array_elements($1) w WHERE NOT EXISTS (SELECT FROM hil.messages m "
            "WHERE m.conversation_id = (w ->> 0)::uuid AND m.content = w ->> 1)",
            {written.dump()});
    }
};

TEST_F(Storm, ThirtyTwoSessionsAndASchedulerThatIsKilled) {
    load_workflow();
    std::vector<std::string> ids(agents);
    for (int i = 0; i < agents; ++i)
        ids[i] = add_agent("agent " + std::to_string(i), storm_skills[i % storm_skills.size()], capacity);
    start_worker({.lease_seconds = 5, .tick_seconds = 3600, .concurrency = 2});
    const int seed = from_environment("HIL_TEST_SEED", static_cast<int>(std::random_device{}() >> 1));
    const std::chrono::seconds duration{from_environment("HIL_TEST_SECONDS", has_scheduler() ? 60 : 20)};
    std::cout << "HIL_TEST_SEED=" << seed << "\n";

    const auto log_begin = static_cast<std::streamoff>(std::filesystem::file_size(server_log()));

    std::optional<Side> timekeeper;
    if (!has_scheduler())
        timekeeper.emplace(database(), [](Session& session) {
            session.query("SET application_name = 'timekeeper'");
            session.query("SELECT hil_tick()");
        });
    // Each transaction sees one moment for a while, also when others have gone on.
    std::vector<std::string> wrong;
    Side watcher(database(), [&](Session& session) {
        session.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
        for (int i = 0; i < 5; ++i)
            if (const std::string what = wrong_now(session); !what.empty()) wrong.push_back(what);
        session.query("COMMIT");
    });
    Follower gateway;
    Side follower(database(), [&](Session& session) { gateway.read(session); });

    Tally tally;
    std::mutex mutex;
    const auto end = std::chrono::steady_clock::now() + duration;
    std::pair<int, int> kills;
    std::jthread killer([&] { kills = kill_until(end); });
    const std::vector<std::string> errors = at_once(database(), sessions, [&](Session&, int number) {
        Player player(database(), seed + number, std::to_string(number), ids);
        while (std::chrono::steady_clock::now() < end) player.play();
        const std::lock_guard lock(mutex);
        tally.add(player.tally);
    });
    killer.join();
    watcher.stop();
    follower.stop();

    // What was begun is ended, by those whose work it is.
    reconnect();
    EXPECT_TRUE(within_patience([&] {
        return sql().yes(
            "SELECT NOT EXISTS (SELECT FROM hil.runs WHERE status IN ('queued', 'running')) "
            "AND NOT EXISTS (SELECT FROM hil.outbox) AND (SELECT bool_and(ok) FROM hil_doctor())");
    }));
    EXPECT_EQ(complaints(), "");
    if (timekeeper) timekeeper->stop();

    int total = 0;
    for (const auto& [name, count] : tally.done) {
        std::cout << "  " << name << ": " << count << " done, " << tally.refused[name] << " refused\n";
        EXPECT_GT(count, 0) << name << " was never done";
        total += count;
    }
    std::cout << total << " calls in " << duration.count() << " s by " << sessions << " sessions, "
              << tally.lost << " without an answer; " << kills.first << " times the "
              << (timekeeper ? "session that ticks" : "scheduler") << " was ended, " << kills.second
              << " times shot; " << watcher.rounds << " snapshots, " << gateway.events.size()
              << " events followed; "
              << sql().one(
                     "SELECT count(*) || ' conversations, ' || (SELECT count(*) FROM hil.runs) || ' runs' "
                     "FROM hil.conversations")
              << "\n";
    EXPECT_EQ(tally.done.size(), kinds_of_calls);
    EXPECT_EQ(errors, std::vector<std::string>{});
    EXPECT_EQ(tally.unexpected, std::vector<std::string>{});
    EXPECT_EQ(watcher.errors, std::vector<std::string>{});
    EXPECT_EQ(follower.errors, std::vector<std::string>{});
    EXPECT_EQ(wrong, std::vector<std::string>{});
    EXPECT_EQ(faults_logged(log_begin), std::vector<std::string>{});
    EXPECT_GT(watcher.rounds, 10);
    EXPECT_EQ(lost(tally), std::vector<std::string>{});

    gateway.read_all(sql());
    EXPECT_EQ(gateway.gaps, std::vector<std::string>{});
    Follower later;
    later.read_all(sql());
    EXPECT_TRUE(gateway.events == later.events) << "what was read once is not what is there now";
    EXPECT_EQ(wrong_events(sql()), "");
    EXPECT_EQ(wrong_now(sql()), "");
}

}  // namespace
}  // namespace hil::test
