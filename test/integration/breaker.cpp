// A provider that is dead holds up its own runs, and no others.
#include "models.hpp"

namespace hil::test {
namespace {

class BreakerTest : public ModelTest {
  protected:
    void SetUp() override {
        ModelTest::SetUp();
        load_text(workflow("dead", "fast"));
        load_text(workflow("live", "balanced"));
    }

    // A worker with 10 places for work and 10 for each provider's waiting runs.
    Process& start(const std::string& dead_url, const std::string& dead_more) {
        WorkerSettings given =
            settings("providers:\n" + provider("live", "openai") + "  dead: {kind: openai, base_url: \"" +
                     dead_url + "/v1\", allow_private: true" + dead_more + "}\n" +
                     "waiting_runs: 10\nmodel_profiles:\n  balanced: {provider: live, model: m}\n"
                     "  fast: {provider: dead, model: m}\n");
        given.concurrency = 10;
        return start_worker(given);
    }

    void create(const std::string& name, int count) {
        sql().query(
            "SELECT hil_handle_message(hil_create_conversation(NULL, $1), 'Where is my order?') "
            "FROM generate_series(1, $2::int)",
            {name, std::to_string(count)});
    }

    int with(const std::string& name, const std::string& status) {
        return sql().number("SELECT count(*) FROM hil.conversations WHERE workflow = $1 AND status = $2",
                            {name, status});
    }

    // What must hold for runs whose provider does not answer.
    void expect_nobody_given_up() {
        EXPECT_EQ(with("dead", "ai_processing"), 200);
        EXPECT_EQ(sql().number("SELECT max(consecutive_errors) FROM hil.conversations"), 0);
    }

    static std::string workflow(const std::string& name, const std::string& profile) {
        std::string text = answering_workflow;
        text.replace(text.find("answering"), 9, name);
        const std::string agent = "agent: reasoning_support_agent\n";
        text.replace(text.find(agent), agent.size(),
                     agent + "      config: {model_profile: " + profile + "}\n");
        return text;
    }
};

// Ten times as many as the worker has room for, and they come first.
TEST_F(BreakerTest, ManyRunsOfADeadProviderHoldUpNobody) {
    ScriptedServer dead;
    dead.down();
    create("dead", 200);
    create("live", 50);
    start(dead.url(), ", breaker: {open_seconds: 1, longest_open_seconds: 2}");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(within_patience([&] { return with("live", "finished") == 50; })) << with("live", "finished");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
    expect_nobody_given_up();
    EXPECT_GE(sql().number("SELECT count(*) FROM hil.runs WHERE workflow = 'dead' AND status = 'queued' AND "
                           "error LIKE 'dead%'"),
              100)
        << "they were put back";
    // Those that come later pass, too, and when the provider is back, all are answered.
    create("live", 50);
    EXPECT_TRUE(within_patience([&] { return with("live", "finished") == 100; }));
    expect_nobody_given_up();
    model.serve_on(dead);
    dead.up();
    EXPECT_TRUE(within_patience([&] { return with("dead", "finished") == 200; })) << with("dead", "finished");
    EXPECT_EQ(sql().number("SELECT max(consecutive_errors) FROM hil.conversations"), 0);
}

// It takes every request and answers none, so that nothing fails yet.
TEST_F(BreakerTest, ManyRunsOfAProviderThatHangsHoldUpNobody) {
    ScriptedServer silent(80);
    silent.on("/v1/chat/completions", [](const Seen&) { return Act::silence(); });
    create("dead", 200);
    create("live", 50);
    start(silent.url(), "");
    EXPECT_TRUE(within_patience([&] { return with("live", "finished") == 50; })) << with("live", "finished");
    EXPECT_TRUE(silent.waits_for("/v1/chat/completions", 50));
    EXPECT_EQ(silent.most_at_once(), 50) << "as many as the provider's concurrency";
    expect_nobody_given_up();
}

}  // namespace
}  // namespace hil::test
