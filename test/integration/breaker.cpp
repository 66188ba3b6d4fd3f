// A provider that is dead holds up its own runs, and no others.
#include "models.hpp"

namespace hil::test {
namespace {

class BreakerTest : public ModelTest {};

std::string workflow(const std::string& name, const std::string& profile) {
    std::string text = answering_workflow;
    text.replace(text.find("answering"), 9, name);
    const std::string agent = "agent: reasoning_support_agent\n";
    text.replace(text.find(agent), agent.size(), agent + "      config: {model_profile: " + profile + "}\n");
    return text;
}

TEST_F(BreakerTest, TheRunsOfALiveProviderPassThoseOfADeadOne) {
    load_text(workflow("dead", "fast"));
    load_text(workflow("live", "balanced"));
    ScriptedServer dead;
    dead.down();
    WorkerSettings given =
        settings("providers:\n" + provider("live", "openai") + "  dead: {kind: openai, base_url: \"" +
                 dead.url() + "/v1\", allow_private: true}\n" +
                 "waiting_runs: 100\nmodel_profiles:\n  balanced: {provider: live, model: m}\n"
                 "  fast: {provider: dead, model: m}\n");
    given.concurrency = 20;
    start_worker(given);
    const auto create = [&](const std::string& name, int count) {
        for (int i = 0; i < count; ++i)
            sql().query("SELECT hil_handle_message(hil_create_conversation(NULL, $1), 'Where is my order?')",
                        {name});
    };
    const auto with = [&](const std::string& name, const std::string& status) {
        return sql().number("SELECT count(*) FROM hil.conversations WHERE workflow = $1 AND status = $2",
                            {name, status});
    };
    create("dead", 100);
    ASSERT_TRUE(within_patience(
        [&] { return sql().number("SELECT count(*) FROM hil.runs WHERE status = 'running'") >= 20; }));
    create("live", 50);
    EXPECT_TRUE(within_patience([&] { return with("live", "finished") == 50; })) << with("live", "finished");
    EXPECT_EQ(with("dead", "ai_processing"), 100);
}

}  // namespace
}  // namespace hil::test
