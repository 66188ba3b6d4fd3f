// What one run may use up. Passing a limit ends in a handover with a clean reason.
#include "models.hpp"

namespace hil::test {
namespace {

class RunLimits : public ModelTest {
  protected:
    void SetUp() override {
        ModelTest::SetUp();
        std::string workflow = answering_workflow;
        const std::string agent = "agent: reasoning_support_agent\n";
        workflow.replace(workflow.find(agent), agent.size(), agent + "      config: {tools: [shop.*]}\n");
        load_text(workflow);
        server.on("/order", [](const Seen&) { return Act::text("on its way", 200); });
        // A model that never comes to an end.
        model.by_node["answer"] = {Say::call("shop__order", nlohmann::json::object())};
    }

    void start_with(const std::string& limits) {
        start("openai", "",
              "limits: {" + limits + "}\n" +
                  "tools:\n  shop.order: {kind: http, description: Looks up., url: \"" + server.url() +
                  "/order\", parameters: {type: object}, allow_private: [127.0.0.0/8]}\n");
    }

    // Handed over with this reason, by the first attempt.
    void expect_handed_over(const std::string& reason) {
        const std::string id = new_id();
        says(id, "Where is my order?");
        ASSERT_TRUE(reaches(id, "pending_human")) << run_of(id, "error");
        EXPECT_EQ(look(id)["hil_reason"], reason);
        EXPECT_EQ(run_of(id, "attempt::text"), "1");
        EXPECT_EQ(said(id, "ai"), std::vector<std::string>{});
    }
};

TEST_F(RunLimits, Tokens) {
    start_with("tokens: 300");
    expect_handed_over("The AI's token limit was reached");
    EXPECT_EQ(server.seen("/v1/chat/completions").size(), 3U) << "120 tokens each";
}

TEST_F(RunLimits, Money) {
    start_with("cost_usd: 0.2");
    expect_handed_over("The AI's cost limit was reached");
    EXPECT_EQ(server.seen("/v1/chat/completions").size(), 2U) << "14 cents each";
}

TEST_F(RunLimits, CallsOfTools) {
    start_with("tool_calls: 3");
    expect_handed_over("The AI's tool call limit was reached");
    EXPECT_EQ(server.seen("/order").size(), 3U);
}

TEST_F(RunLimits, Time) {
    server.on("/v1/chat/completions",
              [this](const Seen& seen) { return model.openai(seen).after(std::chrono::milliseconds(1100)); });
    start_with("wall_seconds: 1");
    expect_handed_over("The AI's time for one answer was used up");
    EXPECT_EQ(server.seen("/v1/chat/completions").size(), 1U);
}

TEST_F(RunLimits, AConversationThatPassesThemDelaysNoOther) {
    std::string id;
    server.on("/v1/chat/completions", [this](const Seen& seen) {
        if (seen.body.find("forever") != std::string::npos) return model.openai(seen);
        return Act::json(
            {{"choices",
              {{{"message", {{"role", "assistant"}, {"content", R"({"answer": "Soon.", "success": true})"}}},
                {"finish_reason", "stop"}}}}});
    });
    start_with("tool_calls: 20");
    says(new_id(), "Go on forever");
    id = new_id();
    says(id, "Where is my order?");
    EXPECT_TRUE(reaches(id, "finished"));
}

// Whatever a model asks for: it is told that it cannot have it, and the conversation goes on.
class HostileModel : public ModelTest {};

TEST_F(HostileModel, CallsNothingButItsTools) {
    std::string workflow = answering_workflow;
    const std::string agent = "agent: reasoning_support_agent\n";
    workflow.replace(workflow.find(agent), agent.size(),
                     agent + "      config: {tools: [shopify.*], max_iterations: 20}\n");
    load_text(workflow);
    for (const Say& say : Say::hostile()) model.by_node["answer"].push_back(say);
    model.by_node["answer"].pop_front();
    model.by_node["answer"].push_back(Say::answer({{"answer", "Soon."}, {"success", true}}));
    server.on("/admin", [](const Seen&) { return Act::text("you are in", 200); });
    start("openai", "",
          "tools:\n  shopify.get_order: {kind: http, description: Looks up., url: \"" + server.url() +
              "/orders/{order_id}\", parameters: {type: object, properties: {order_id: {type: string}}, "
              "required: "
              "[order_id]}, allow_private: [127.0.0.0/8]}\n");
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(reaches(id, "finished")) << run_of(id, "error");
    EXPECT_EQ(said(id, "ai"), std::vector<std::string>{"Soon."});
    EXPECT_EQ(run_of(id, "attempt::text"), "1");
    EXPECT_TRUE(server.seen("/admin").empty());
    // The one call that was well-formed reached the tool, as data.
    EXPECT_EQ(sql().one("SELECT arguments ->> 'order_id' FROM hil.run_calls WHERE result LIKE 'HTTP 4%'"),
              "../../admin\r\nX-Evil: 1")
        << sql().one(
               "SELECT string_agg(left(tool, 40) || ': ' || left(result, 100), E'\\n') FROM hil.run_calls");
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.run_calls WHERE NOT coalesce(is_error, false)"), 0);
}

}  // namespace
}  // namespace hil::test
