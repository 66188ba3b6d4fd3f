// The server dies as in a crash while many write: what was committed is there, what was not has left nothing.
#include <atomic>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

constexpr int writers = 8;
constexpr int commits_before_crash = 1000;

// What a client knows because its COMMIT returned.
struct Committed {
    std::vector<std::pair<std::string, std::string>> messages;  // conversation, content
    std::vector<std::string> handed_over, resolved;             // conversations
    // The call that had no answer when the server went away.
    std::string open_conversation, open_text;
};

class Writer {
  public:
    Writer(Session& session, int number, const std::string& round, Committed& committed,
           std::atomic<int>& commits)
        : session_(session),
          name_(round + " " + std::to_string(number)),
          committed_(committed),
          commits_(commits) {}

    // Plays one conversation after the other until the server goes away.
    void write() {
        try {
            for (;;) conversation();
        } catch (const SqlError& error) {
            if (!error.sqlstate.empty()) throw;  // only the loss of the server is expected
        }
    }

  private:
    void conversation() {
        const std::string id = session_.one("SELECT gen_random_uuid()");
        message(id, "Where is my order?");
        // Two messages in one transaction: both or none.
        const std::string first = next_text("first"), second = next_text("second");
        session_.query("BEGIN");
        session_.query("SELECT hil_handle_message($1, $2)", {id, first});
        session_.query("SELECT hil_handle_message($1, $2)", {id, second});
        session_.query("COMMIT");
        committed_.messages.emplace_back(id, first);
        committed_.messages.emplace_back(id, second);
        ++commits_;
        message(id, "escalate");
        committed_.handed_over.push_back(id);
        const std::string agent =
            session_.one("SELECT assigned_agent_id FROM hil.conversations WHERE id = $1", {id});
        if (agent.empty()) return;
        session_.query("SELECT hil_resolve($1, 'done', $2)", {id, agent});
        committed_.resolved.push_back(id);
        ++commits_;
    }

    void message(const std::string& id, const std::string& start) {
        committed_.open_conversation = id;
        committed_.open_text = next_text(start);
        session_.query("SELECT hil_handle_message($1, $2, idempotency_key => $2)",
                       {id, committed_.open_text});
        committed_.messages.emplace_back(id, committed_.open_text);
        committed_.open_conversation.clear();
        ++commits_;
    }

    std::string next_text(const std::string& start) {
        return start + " " + name_ + "." + std::to_string(++texts_);
    }

    Session& session_;
    const std::string name_;
    Committed& committed_;
    std::atomic<int>& commits_;
    int texts_ = 0;
};

class Crash : public LiveTest {
  protected:
    bool stored(const std::string& conversation, const std::string& text) {
        return sql().number("SELECT count(*) FROM hil.messages WHERE conversation_id = $1 AND content = $2",
                            {conversation, text}) == 1;
    }

    void expect_kept(const Committed& committed) {
        for (const auto& [conversation, text] : committed.messages)
            EXPECT_TRUE(stored(conversation, text)) << text << " is lost";
        for (const std::string& id : committed.handed_over)
            EXPECT_GE(look(id)["handovers"].size(), 1U) << "the handover of " << id << " is lost";
        for (const std::string& id : committed.resolved)
            EXPECT_TRUE(
                sql().yes("SELECT c.status = 'resolved' AND a.resolution_status = 'resolved' "
                          "FROM hil.conversations c JOIN hil.conversation_analytics a "
                          "ON a.conversation_id = c.id WHERE c.id = $1",
                          {id}))
                << "the resolution of " << id << " is lost";
        // Whoever got no answer sends again with the same key, and it counts once, whether it was stored or
        // not.
        if (committed.open_conversation.empty()) return;
        sql().query("SELECT hil_handle_message($1, $2, idempotency_key => $2)",
                    {committed.open_conversation, committed.open_text});
        EXPECT_TRUE(stored(committed.open_conversation, committed.open_text));
    }
};

TEST_F(Crash, NothingThatWasCommittedIsLost) {
    load(support_workflow);
    for (const char* name : {"Ada", "Bo", "Cy"}) add_agent(name, "{}", 2);
    start_worker();
    for (const std::string round : {"a", "b"}) {
        std::vector<Committed> committed(writers);
        std::atomic<int> commits = 0;
        std::jthread crash([&] {
            within_patience([&] { return commits >= commits_before_crash; });
            cluster("stop-immediate");
        });
        EXPECT_EQ(at_once(database(), writers,
                          [&](Session& session, int number) {
                              Writer(session, number, round, committed[number], commits).write();
                          }),
                  std::vector<std::string>{});
        crash.join();
        cluster("start");
        reconnect();
        std::size_t messages = 0;
        for (const Committed& one : committed) {
            expect_kept(one);
            messages += one.messages.size();
        }
        EXPECT_EQ(sql().list("SELECT conversation_id FROM hil.messages WHERE content ~ '^(first|second) ' "
                             "GROUP BY conversation_id HAVING count(*) <> 2"),
                  std::vector<std::string>{})
            << "half a transaction";
        EXPECT_GE(commits, commits_before_crash);
        std::cout << commits << " commits before the crash, " << messages << " messages kept\n";
    }
    // The worker goes on with what was left.
    EXPECT_TRUE(within_patience([&] {
        skip_backoff();
        return sql().yes("SELECT NOT EXISTS (SELECT 1 FROM hil.runs WHERE status IN ('queued', 'running'))");
    }));
}

}  // namespace
}  // namespace hil::test
