// Everybody does everything at once, at random: the promises of the queue hold at every moment.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

constexpr int sessions = 16, agents = 5, capacity = 3;
using std::chrono_literals::operator""s;
constexpr auto duration = 20s;

const std::vector<std::string> skill_sets = {"{}", "{billing}", "{technical}", "{billing,technical}",
                                             "{returns}"};

// What one session does, and what came of it.
class Player {
  public:
    Player(Session& session, unsigned seed, const std::vector<std::string>& agents)
        : session_(session), dice_(seed), agents_(agents) {}

    void play() {
        // By turns there is a long queue, and there are free agents.
        const int most_waiting = std::chrono::steady_clock::now().time_since_epoch() / 4s % 2 == 0 ? 40 : 2;
        const int waiting = session_.number("SELECT count(*) FROM hil.agent_queue WHERE status = 'pending'");
        const int choice = dice_.below(100);
        if (choice < 24 && waiting < most_waiting) return begin();
        if (choice < 48) return with_agent("resolve", "SELECT hil_resolve($1, 'done', $2)");
        if (choice < 55) return with_agent("decline", "SELECT hil_decline($1, $2, 'not mine')");
        if (choice < 62) return transfer();
        if (choice < 68) return back_to_ai();
        if (choice < 72) return with_waiting("cancel", "SELECT hil_cancel($1, 'gave up')");
        if (choice < 80) return change_agent();
        if (choice < 88) return with_any("message", "SELECT hil_handle_message($1, 'Where is my order?')");
        if (choice < 93) return with_agent("reply", "SELECT hil_handle_message($1, 'Hello', 'agent', $2)");
        if (choice < 97) return with_any("handover", "SELECT hil_handover($1, 'again')");
        act("tick", "SELECT hil_tick()", {});
    }

    std::map<std::string, int> done, refused;
    std::vector<std::string> unexpected;

  private:
    void act(const std::string& name, const std::string& statement, const std::vector<Value>& values) {
        try {
            session_.query(statement, values);
            ++done[name];
        } catch (const SqlError& error) {
            // Somebody else was first. Nothing else is an excuse, least of all a deadlock.
            if (error.sqlstate == "55000" || error.sqlstate == "42501") {
                ++refused[name];
            } else {
                unexpected.push_back(name + ": " + error.what());
            }
        }
    }

    void begin() {
        if (dice_.below(2) == 0)
            return act("begin", "SELECT hil_handle_message(gen_random_uuid(), 'escalate')", {});
        act("begin",
            "SELECT hil_handover(hil_create_conversation(), 'asked for', nullif($1, '{}')::text[], $2::int)",
            {dice_.one_of(skill_sets), std::to_string(1 + dice_.below(10))});
    }

    void with(const std::string& name, const std::string& choose, const std::string& statement,
              const std::vector<Value>& more = {}) {
        const Rows rows = session_.query(choose);
        if (rows.empty()) return;
        std::vector<Value> values = rows[0];
        values.insert(values.end(), more.begin(), more.end());
        act(name, statement, values);
    }

    void with_agent(const std::string& name, const std::string& statement,
                    const std::vector<Value>& more = {}) {
        with(name,
             "SELECT conversation_id, assigned_to FROM hil.agent_queue WHERE status = 'assigned' ORDER BY "
             "random() "
             "LIMIT 1",
             statement, more);
    }

    void with_waiting(const std::string& name, const std::string& statement) {
        with(name,
             "SELECT conversation_id FROM hil.agent_queue WHERE status = 'pending' ORDER BY random() LIMIT 1",
             statement);
    }

    void with_any(const std::string& name, const std::string& statement) {
        with(name,
             "SELECT id FROM (SELECT id FROM hil.conversations ORDER BY updated_at DESC LIMIT 100) c "
             "ORDER BY random() LIMIT 1",
             statement);
    }

    void transfer() {
        if (dice_.below(2) == 0)
            return with_agent("transfer to the queue",
                              "SELECT hil_transfer($1, $2, 'passed on', NULL, nullif($3, '{}')::text[])",
                              {dice_.one_of(skill_sets)});
        with("transfer to an agent",
             "SELECT q.conversation_id, q.assigned_to, a.id FROM hil.agent_queue q, hil.human_agents a "
             "WHERE q.status = 'assigned' AND a.id <> q.assigned_to AND a.status = 'online' "
             "AND a.current_load < a.max_capacity ORDER BY random() LIMIT 1",
             "SELECT hil_transfer($1, $2, 'passed on', $3)");
    }

    void back_to_ai() {
        switch (dice_.below(3)) {
            case 0:
                return with_agent("back to ai", "SELECT hil_back_to_ai($1, 'Tell them.', $2)");
            case 1:
                return with_agent("back to ai", "SELECT hil_back_to_ai($1, NULL, $2)");
            default:
                return with_waiting("back to ai", "SELECT hil_back_to_ai($1)");
        }
    }

    void change_agent() {
        const std::string agent = dice_.one_of(agents_);
        const std::vector<std::string> states = {"online", "online", "online", "away", "offline"};
        if (dice_.below(4) == 0)
            return act("skills", "SELECT hil_set_agent_skills($1, $2::text[])",
                       {agent, dice_.one_of(skill_sets)});
        act("status", "SELECT hil_set_agent_status($1, $2)", {agent, dice_.one_of(states)});
    }

    Session& session_;
    Dice dice_;
    const std::vector<std::string>& agents_;
};

// What is wrong in one snapshot; "" where nothing is.
std::string wrong_now(Session& session) {
    return session.one(
        "SELECT concat_ws('; ', "
        "(SELECT 'above capacity: ' || string_agg(name || ' ' || current_load, ', ') FROM hil.human_agents "
        " WHERE current_load > max_capacity), "
        "(SELECT 'load is not the assigned entries: ' || string_agg(name, ', ') FROM hil.human_agents a "
        "WHERE current_load <> "
        " (SELECT count(*) FROM hil.agent_queue q WHERE q.status = 'assigned' AND q.assigned_to = a.id)), "
        "(SELECT 'two entries: ' || string_agg(conversation_id::text, ', ') FROM (SELECT conversation_id "
        " FROM hil.agent_queue WHERE status IN ('pending', 'assigned') GROUP BY 1 HAVING count(*) > 1) "
        "twice), "
        "(SELECT 'not the agent of the entry: ' || string_agg(c.id::text, ', ') FROM hil.conversations c "
        " LEFT JOIN hil.agent_queue q ON q.conversation_id = c.id AND q.status = 'assigned' "
        " WHERE c.assigned_agent_id IS DISTINCT FROM q.assigned_to))");
}

class Storm : public LiveTest {};

TEST_F(Storm, SixteenSessionsAgainstFiveAgents) {
    load(support_workflow);
    std::vector<std::string> ids(agents);
    for (int i = 0; i < agents; ++i)
        ids[i] = add_agent("agent " + std::to_string(i), skill_sets[i], capacity);
    start_worker({.concurrency = 2});

    const char* given = std::getenv("HIL_TEST_SEED");
    const unsigned seed = given != nullptr ? std::stoul(given) : std::random_device{}();
    std::cout << "HIL_TEST_SEED=" << seed << "\n";

    std::atomic<bool> over = false;
    int snapshots = 0;
    std::vector<std::string> wrong;
    std::jthread watcher([&] {
        Session session(database());
        for (; !over; ++snapshots)
            if (const std::string what = wrong_now(session); !what.empty()) wrong.push_back(what);
    });
    std::map<std::string, int> done, refused;
    std::vector<std::string> unexpected;
    std::mutex mutex;
    const auto end = std::chrono::steady_clock::now() + duration;
    const std::vector<std::string> errors = at_once(database(), sessions, [&](Session& session, int number) {
        Player player(session, seed + number, ids);
        while (std::chrono::steady_clock::now() < end) player.play();
        const std::lock_guard lock(mutex);
        for (const auto& [name, count] : player.done) done[name] += count;
        for (const auto& [name, count] : player.refused) refused[name] += count;
        unexpected.insert(unexpected.end(), player.unexpected.begin(), player.unexpected.end());
    });
    over = true;
    watcher.join();

    int total = 0;
    for (const auto& [name, count] : done) {
        std::cout << "  " << name << ": " << count << " done, " << refused[name] << " refused\n";
        total += count;
    }
    std::cout << total << " calls in " << duration.count() << " s by " << sessions << " sessions, "
              << snapshots << " snapshots, "
              << sql().one(
                     "SELECT count(*) || ' conversations, ' || (SELECT count(*) FROM hil.runs) || ' runs' "
                     "FROM hil.conversations")
              << "\n";
    EXPECT_EQ(errors, std::vector<std::string>{});
    EXPECT_EQ(unexpected, std::vector<std::string>{});
    EXPECT_EQ(wrong, std::vector<std::string>{});
    EXPECT_GT(snapshots, 10);
    for (const char* name : {"begin", "resolve", "decline", "transfer to the queue", "transfer to an agent",
                             "back to ai", "cancel", "status", "message", "reply", "handover"})
        EXPECT_GT(done[name], 0) << name << " was never done";

    sql().query("SELECT hil_tick()");
    EXPECT_EQ(wrong_now(sql()), "");
    EXPECT_EQ(complaints(), "");
}

}  // namespace
}  // namespace hil::test
