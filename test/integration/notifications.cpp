// What subscribers hear: which channel, what, in which order, and never the text of a message.
#include <set>

#include "fixture.hpp"

namespace hil::test {
namespace {

using Texts = std::vector<std::string>;

// Every message of these tests has it, no notification may.
const std::string secret = "xyzzy";

std::set<std::string> keys(const Json& object) {
    std::set<std::string> result;
    for (const auto& [key, value] : object.items()) result.insert(key);
    return result;
}

class Notifications : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load(support_workflow);
        subscriber_ = std::make_unique<Session>(connect());
        conversation_ = new_id();
        for (const std::string& channel : {conversation(), std::string("hil_queue"), std::string("hil_runs")})
            subscriber_->listen(channel);
    }

    // The agent is away.
    std::string listened_agent(const std::string& name) {
        std::string id = add_agent(name);
        sql().query("SELECT hil_set_agent_status($1, 'away')", {id});
        subscriber_->listen("hil_agent_" + id);
        return id;
    }

    std::string conversation() const { return "hil_conversation_" + conversation_; }

    // What has come since the last call, as "type" or "type sender", by channel.
    std::map<std::string, Texts> heard() {
        EXPECT_TRUE(all_is_announced());
        std::map<std::string, Texts> result;
        for (Notification& notification : subscriber_->notifications()) {
            const Json& payload = notification.payload;
            EXPECT_EQ(notification.text.find(secret), std::string::npos) << notification.text;
            if (payload["type"] == "run_due") continue;  // a hint of the scheduler's, of nothing that happened
            EXPECT_EQ(payload["conversation_id"], conversation_) << notification.text;
            EXPECT_TRUE(payload["timestamp"].is_string()) << notification.text;
            std::string what = payload["type"];
            if (payload.contains("sender_type")) what += " " + payload["sender_type"].get<std::string>();
            result[notification.channel].push_back(what);
            last_[notification.channel] = payload;
            EXPECT_EQ(last_[notification.channel].erase("seq"), preloaded() ? 1U : 0U) << notification.text;
        }
        return result;
    }

    // Collects until the channel has heard `what`.
    std::map<std::string, Texts> heard_until(const std::string& channel, const std::string& what) {
        std::map<std::string, Texts> all;
        EXPECT_TRUE(within_patience([&] {
            for (auto& [name, texts] : heard()) all[name].insert(all[name].end(), texts.begin(), texts.end());
            return !all[channel].empty() && all[channel].back() == what;
        }));
        return all;
    }

    using Heard = std::map<std::string, Texts>;
    std::string conversation_;
    std::map<std::string, Json> last_;  // the newest payload, by channel

  private:
    std::unique_ptr<Session> subscriber_;
};

TEST_F(Notifications, OfARunThatTheAiFinishes) {
    const Json answer = says(conversation_, "Where is my order? " + secret);
    EXPECT_EQ(heard(), (Heard{{conversation(), {"message user"}}, {"hil_runs", {"run_queued"}}}));
    EXPECT_EQ(keys(last_[conversation()]),
              (std::set<std::string>{"type", "conversation_id", "timestamp", "message_id", "sender_type"}));
    EXPECT_EQ(last_[conversation()]["message_id"], answer["message_id"]);
    EXPECT_EQ(last_["hil_runs"]["run_id"], answer["run_id"]);

    start_worker();
    EXPECT_EQ(heard_until(conversation(), "finished"), (Heard{{conversation(), {"message ai", "finished"}}}));
}

TEST_F(Notifications, OfARunThatHandsOver) {
    start_worker();
    says(conversation_, "I was charged twice " + secret);
    ASSERT_TRUE(reaches(conversation_, "pending_human"));
    const Heard all = heard();
    EXPECT_EQ(all.at(conversation()), (Texts{"message user", "handover", "message system"}));
    EXPECT_EQ(all.at("hil_queue"), Texts{"no_agents"});
    EXPECT_EQ(last_["hil_queue"]["priority"], 3);
}

TEST_F(Notifications, OfTheDesk) {
    const std::string ada = listened_agent("Ada"), bo = listened_agent("Bo");
    const std::string to_ada = "hil_agent_" + ada, to_bo = "hil_agent_" + bo;

    says(conversation_, "escalate " + secret);
    EXPECT_EQ(heard(), (Heard{{conversation(), {"message user", "handover"}}, {"hil_queue", {"no_agents"}}}));

    sql().query("SELECT hil_set_agent_status($1, 'online')", {ada});
    EXPECT_EQ(heard(), (Heard{{conversation(), {"new_assignment"}}, {to_ada, {"new_assignment"}}}));
    EXPECT_EQ(keys(last_[to_ada]), (std::set<std::string>{"type", "conversation_id", "timestamp"}));
    EXPECT_EQ(last_[conversation()]["agent_id"], ada);

    says(conversation_, "Are you there? " + secret);
    EXPECT_EQ(heard(), (Heard{{conversation(), {"message user"}}, {to_ada, {"message user"}}}));

    sql().query("SELECT hil_handle_message($1, $2, 'agent', $3)", {conversation_, "Yes. " + secret, ada});
    EXPECT_EQ(heard(), (Heard{{conversation(), {"message agent"}}}));

    sql().query("SELECT hil_set_agent_status($1, 'online')", {bo});
    sql().query("SELECT hil_transfer($1, $2, $3, $4)", {conversation_, ada, secret, bo});
    EXPECT_EQ(heard(), (Heard{{conversation(), {"unassigned", "new_assignment"}},
                              {to_ada, {"unassigned"}},
                              {to_bo, {"new_assignment"}}}));

    sql().query("SELECT hil_resolve($1, $2, $3)", {conversation_, secret, bo});
    EXPECT_EQ(heard(), (Heard{{conversation(), {"unassigned", "resolved"}}, {to_bo, {"unassigned"}}}));
}

TEST_F(Notifications, OfAHandBack) {
    const std::string ada = listened_agent("Ada");
    sql().query("SELECT hil_set_agent_status($1, 'online')", {ada});
    says(conversation_, "escalate " + secret);
    heard();
    sql().query("SELECT hil_back_to_ai($1, $2, $3)", {conversation_, secret, ada});
    EXPECT_EQ(heard(), (Heard{{conversation(), {"unassigned", "back_to_ai"}},
                              {"hil_agent_" + ada, {"unassigned"}},
                              {"hil_runs", {"run_queued"}}}));
}

TEST_F(Notifications, NothingIsHeardOfWhatWasRolledBackOrRefused) {
    const std::string ada = listened_agent("Ada");
    sql().query("BEGIN");
    says(conversation_, "escalate " + secret);
    sql().query("ROLLBACK");
    EXPECT_THROW(sql().query("SELECT hil_resolve($1, 'no', $2)", {conversation_, ada}), SqlError);
    EXPECT_EQ(heard(), Heard{});
}

}  // namespace
}  // namespace hil::test
