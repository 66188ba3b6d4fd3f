// A worker that dies at any point of a run: the conversation is answered once, and nothing that was written
// down is done or paid for twice.
#include <csignal>
#include <set>

#include "fixture.hpp"
#include "scripted/model.hpp"

namespace hil::test {
namespace {

// One node that answers, and one that looks something up first.
const char* const workflow = R"(name: killed
hil_config:
  handover_triggers:
    - {type: error_threshold, consecutive_errors: 3}
workflow:
  nodes:
    - {id: classify, agent: simple_evaluator, prompt_template: "Classify {{ customer_message }}",
       config: {model_profile: scripted, output_schema: {intent: string}}}
    - {id: handle, agent: reasoning_support_agent, prompt_template: "Handle {{ classify.intent }}",
       config: {model_profile: scripted, tools: ["shop.*"]}}
    - {id: FINISH, type: sink, action: finish_conversation}
  edges:
    - {from: classify, to: handle}
    - {from: handle, to: FINISH}
)";

// Where it dies, and what there is to be seen in the end: how often each node's model and the tool were
// asked, and by which attempt each step was finished.
struct Death {
    const char* point;
    int classified, handled, looked_up;
    const char* steps;
};

std::ostream& operator<<(std::ostream& out, const Death& death) { return out << death.point; }

class Killed : public LiveTest, public testing::WithParamInterface<Death> {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        config = "providers:\n  scripted: {kind: openai, base_url: \"" + server.url() +
                 "/v1\", allow_private: true}\n"
                 "model_profiles:\n  scripted: {provider: scripted, model: m}\n"
                 "tools:\n  shop.find:\n    kind: http\n    description: Finds an order.\n    method: GET\n"
                 "    url: \"" +
                 server.url() +
                 "/orders/{id}\"\n    parameters: {type: object, properties: {id: {type: string}}, required: "
                 "[id]}\n"
                 "    allow_private: true\n";
        model.by_node = {{"classify", {Say::answer({{"intent", "order"}})}},
                         {"handle",
                          {Say::call("shop.find", {{"id", "17"}}),
                           Say::answer({{"answer", "It is on its way."}, {"success", true}})}}};
        model.serve_on(server);
        server.on("/orders/17", [](const Seen&) { return Act::json({{"status", "sent"}}); });
        const std::string path = file("killed.yaml", workflow);
        run({worker_program, "load", "--config", file("load.yaml", config), path},
            {{"HIL_DATABASE_URL", "postgresql:///" + database()}});
    }

    int asked(const std::string& node) const {
        int count = 0;
        for (const Seen& seen : server.seen("/v1/chat/completions"))
            if (model.node_of(seen) == node) ++count;
        return count;
    }

    ScriptedServer server;
    ScriptedModel model;
    std::string config;
};

TEST_P(Killed, AnotherWorkerGoesOn) {
    const Death death = GetParam();
    Process& first =
        start_worker({.name = "first", .more = config, .environment = {{"HIL_WORKER_STOP_AT", death.point}}});
    const std::string id = new_id();
    says(id, "Where is my order 17?");
    ASSERT_TRUE(first.waits_stopped());
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);

    // What the server had in hand from the first worker comes to its end, then the lease does.
    ASSERT_TRUE(within_patience([&] {
        return sql().number(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "application_name = 'hil-worker'") == 0;
    }));
    start_worker({.name = "second", .more = config});
    sql().query(
        "UPDATE hil.runs SET lease_until = clock_timestamp() - interval '1 s' WHERE status = 'running'");
    sql().query("SELECT hil_tick()");
    skip_backoff();
    ASSERT_TRUE(reaches(id, "finished"));

    EXPECT_EQ(said(id, "ai"), std::vector<std::string>{"It is on its way."});
    EXPECT_EQ(asked("classify"), death.classified);
    EXPECT_EQ(asked("handle"), death.handled);
    const std::vector<Seen> lookups = server.seen("/orders/17");
    EXPECT_EQ(lookups.size(), static_cast<std::size_t>(death.looked_up));
    std::set<std::string> keys;
    for (const Seen& seen : lookups) keys.insert(seen.header("Idempotency-Key"));
    EXPECT_EQ(keys.size(), 1U) << "whoever knows the key acts once";
    EXPECT_EQ(
        sql().one("SELECT string_agg(node || ' ' || attempt, ', ' ORDER BY step_number) FROM hil.run_steps "
                  "WHERE conversation_id = $1",
                  {id}),
        death.steps);
    EXPECT_EQ(sql()
                  .one("SELECT string_agg(call || ' ' || result, ', ') FROM hil.run_calls WHERE "
                       "conversation_id = $1",
                       {id})
                  .find("1 "),
              0U);
}

INSTANTIATE_TEST_SUITE_P(AtEveryPoint, Killed,
                         testing::Values(Death{"after_claim", 1, 2, 1, "classify 2, handle 2"},
                                         Death{"before_model_call", 1, 2, 1, "classify 2, handle 2"},
                                         Death{"after_model_call", 2, 2, 1, "classify 2, handle 2"},
                                         Death{"after_calls_noted", 1, 2, 1, "classify 1, handle 2"},
                                         Death{"after_tool_call", 1, 2, 2, "classify 1, handle 2"},
                                         Death{"after_call_recorded", 1, 2, 1, "classify 1, handle 2"},
                                         Death{"before_result", 1, 3, 1, "classify 1, handle 2"},
                                         Death{"after_result", 1, 2, 1, "classify 1, handle 1"}),
                         [](const auto& info) { return std::string(info.param.point); });

}  // namespace
}  // namespace hil::test
