// Many runs in one worker: those that wait for a model cost no thread and no connection, one that is held up
// holds up nobody else, and the independent nodes of one run are asked side by side.
#include "models.hpp"

namespace hil::test {
namespace {

class ManyRuns : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        model.serve_on(server);
    }

    Process& start(int concurrency) {
        WorkerSettings settings;
        settings.concurrency = concurrency;
        settings.more = "providers:\n  scripted: {kind: openai, base_url: \"" + server.url() +
                        "/v1\", allow_private: true, concurrency: 400}\n"
                        "model_profiles:\n  balanced: {provider: scripted, model: m}\n";
        return start_worker(settings);
    }

    int connections() {
        return sql().number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
            "'hil-worker'");
    }

    const std::string path = "/v1/chat/completions";
    ScriptedModel model;
    ScriptedServer server{320};  // ends first
};

TEST_F(ManyRuns, AreInFlightAtOnceOnFewConnections) {
    load_text(answering_workflow);
    model.by_node["answer"] = {Say::answer({{"answer", "Soon."}, {"success", true}})};
    server.hold();
    start(300);
    sql().query(
        "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, 300)");
    ASSERT_TRUE(server.waits_for(path, 300));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'running'"), 300);
    EXPECT_LE(connections(), 8);
    server.release();
    ASSERT_TRUE(within_patience([&] {
        return sql().number("SELECT count(*) FROM hil.conversations WHERE status = 'finished'") == 300;
    }));
    EXPECT_LE(connections(), 8);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.messages WHERE sender_type = 'ai'"), 300);
    EXPECT_EQ(sql().number("SELECT max(attempt) FROM hil.runs"), 1);
}

// Whoever holds one conversation's row delays what is reported of it, and nothing else.
TEST_F(ManyRuns, OneConversationThatIsHeldDelaysNoOther) {
    load_text(answering_workflow);
    model.by_node["answer"] = {Say::answer({{"answer", "Soon."}, {"success", true}})};
    server.hold();
    start(50);
    const std::string held = new_id();
    says(held, "Where is my order?");
    sql().query(
        "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, 40)");
    ASSERT_TRUE(server.waits_for(path, 41));
    Session holder = connect();
    holder.query("BEGIN");
    holder.query("SELECT FROM hil.conversations WHERE id = $1 FOR UPDATE", {held});
    server.release();
    EXPECT_TRUE(within_patience([&] {
        return sql().number("SELECT count(*) FROM hil.conversations WHERE status = 'finished'") == 40;
    }));
    EXPECT_EQ(status(held), "ai_processing");
    holder.query("COMMIT");
    EXPECT_TRUE(reaches(held, "finished"));
}

// Reports that have to wait in the database have two connections.
TEST_F(ManyRuns, ConversationsThatAreHeldDelayNoHandoverOfOthers) {
    load_text(R"(name: people
workflow:
  nodes:
    - {id: answer, agent: reasoning_support_agent}
    - {id: DONE, type: sink, action: handover_to_human}
  edges:
    - {from: answer, to: DONE}
)");
    model.by_node["answer"] = {Say::answer({{"answer", "Soon."}, {"success", true}})};
    server.hold();
    start(50);
    sql().query(
        "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, 16)");
    ASSERT_TRUE(server.waits_for(path, 16));
    Session holder = connect();
    holder.query("BEGIN");
    holder.query("SELECT FROM hil.conversations FOR UPDATE");
    server.release();
    ASSERT_TRUE(within_patience([&] {
        return sql().number(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND application_name = 'hil-worker' AND wait_event_type = 'Lock'") >= 2;
    }));
    // Several at once, since one that comes by itself needs none of those connections.
    server.hold();
    sql().query(
        "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, 20)");
    ASSERT_TRUE(server.waits_for(path, 36));
    server.release();
    const auto handed_over = [&](int count) {
        return within_patience([&] {
            return sql().number("SELECT count(*) FROM hil.conversations WHERE status = 'pending_human'") ==
                   count;
        });
    };
    EXPECT_TRUE(handed_over(20));
    holder.query("COMMIT");
    EXPECT_TRUE(handed_over(36));
}

TEST_F(ManyRuns, IndependentNodesOfOneRunAreAskedSideBySide) {
    load_text(R"(name: fork
workflow:
  nodes:
    - {id: left, agent: simple_evaluator, prompt_template: "Left?", config: {output_schema: {side: string}}}
    - {id: right, agent: simple_evaluator, prompt_template: "Right?", config: {output_schema: {side: string}}}
    - {id: DONE, type: sink, action: finish_conversation, config: {response: "{{ left.side }} and {{ right.side }}"}}
  edges:
    - {from: left, to: DONE}
    - {from: right, to: DONE}
)");
    model.by_node = {{"left", {Say::answer({{"side", "port"}})}},
                     {"right", {Say::answer({{"side", "starboard"}})}}};
    server.hold();
    start(4);
    const std::string id = new_id();
    says(id, "Which sides are there?");
    ASSERT_TRUE(server.waits_for(path, 2));
    EXPECT_EQ(steps(id), "") << "neither waits for the other";
    server.release();
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(said(id, "ai"), std::vector<std::string>{"port and starboard"});
}

}  // namespace
}  // namespace hil::test
