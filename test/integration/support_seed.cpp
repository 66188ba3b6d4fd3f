// The support workflow, unchanged, on a server that speaks the Chat Completions API, with tools by HTTP and
// by MCP: every way to its end.
#include <algorithm>
#include <filesystem>

#include "fixture.hpp"
#include "mcp_folder.hpp"
#include "scripted/model.hpp"

namespace hil::test {
namespace {

const std::string all_nodes = "classify_intent check_confidence handle_with_ai evaluate_result";

Json classified(const std::string& intent, double confidence = 0.9, const std::string& complexity = "low",
                bool needs_human = false) {
    return {{"intent", intent},
            {"confidence", confidence},
            {"complexity", complexity},
            {"needs_human", needs_human}};
}

Json evaluated(bool resolved, bool needs_handover) {
    return {{"resolved", resolved},
            {"satisfaction_likely", resolved},
            {"needs_handover", needs_handover},
            {"reason", "the order has to be looked at"}};
}

class SupportSeed : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        outbox_ = file("outbox", "");
        model_.node_by_words = {{"Evaluate if AI can handle", "check_confidence"},
                                {"Evaluate the AI's handling", "evaluate_result"}};
        model_.by_node = {
            {"classify_intent", {Say::answer(classified("order_status"))}},
            {"check_confidence", {Say::answer({{"can_handle", true}, {"reason", "a lookup"}})}},
            {"handle_with_ai", {Say::answer({{"answer", "It arrives on Friday."}, {"success", true}})}},
            {"evaluate_result", {Say::answer(evaluated(true, false))}}};
        web_.on("/shopify/orders/17.json", [](const Seen&) {
            return Act::json({{"id", 17}, {"status", "shipped"}});
        });
        load(support_workflow);
    }

    // What must be true of every conversation: nothing that is secret gets out.
    void TearDown() override {
        for (const Seen& seen : web_.seen("/v1/chat/completions")) {
            EXPECT_EQ(seen.header("Authorization"), "Bearer key-of-the-test");
            EXPECT_EQ(seen.body.find("token-of-the-shop"), std::string::npos);
        }
        LiveTest::TearDown();
    }

    // The customer's message, and where its conversation is when the AI is done with it.
    std::string ask(const std::string& text = "Where is order 17?") {
        model_.serve_on(web_);
        WorkerSettings settings;
        settings.more = R"(
providers:
  scripted: {kind: openai, base_url: ")" +
                        web_.url() + R"(/v1", api_key_env: HIL_TEST_KEY, allow_private: ["127.0.0.0/8"]}
model_profiles:
  fast: {provider: scripted, model: small, temperature: 0}
  balanced: {provider: scripted, model: large}
tools:
  shopify.get_order:
    kind: http
    description: Looks up an order.
    url: ")" + web_.url() +
                        R"(/shopify/orders/{order_id}.json"
    headers: {X-Shop-Token: "${HIL_TEST_SHOP_TOKEN}"}
    parameters: {type: object, properties: {order_id: {type: string}}, required: [order_id]}
    allow_private: true
  warehouse.burn: {kind: http, description: Not for this workflow., url: ")" +
                        web_.url() + R"(/burn", method: POST, allow_private: true}
mcp_servers:
  gmail: {command: [")" +
                        mail_server +
                        R"("], env: [GMAIL_OUTBOX]}
)";
        settings.environment = {{"HIL_TEST_KEY", "key-of-the-test"},
                                {"HIL_TEST_SHOP_TOKEN", "token-of-the-shop"},
                                {"GMAIL_OUTBOX", outbox_}};
        start_worker(settings);
        std::string id = new_id();
        says(id, text);
        return id;
    }

    void expect_waiting(const std::string& id, const std::string& reason, const Json& skills, int priority) {
        ASSERT_TRUE(reaches(id, "pending_human"));
        const Json now = look(id);
        EXPECT_EQ(now["hil_reason"], reason);
        EXPECT_EQ(now["queue"]["required_skills"], skills);
        EXPECT_EQ(now["queue"]["priority"], priority);
        EXPECT_EQ(said(id, "ai"), std::vector<std::string>{}) << "after a handover the AI does not speak";
    }

    // The requests of one node, in order.
    std::vector<Json> requests(const std::string& node) {
        std::vector<Json> found;
        for (const Seen& seen : web_.seen("/v1/chat/completions"))
            if (model_.node_of(seen) == node) found.push_back(seen.json);
        return found;
    }

    ScriptedServer web_;
    ScriptedModel model_;
    std::string outbox_;
};

TEST_F(SupportSeed, FinishWithToolsOfBothKinds) {
    model_.by_node["handle_with_ai"] = {
        Say::call("shopify__get_order", {{"order_id", "17"}}),
        Say::call("gmail__send_email",
                  {{"to", "mia@example.com"}, {"subject", "Order 17"}, {"body", "Friday"}}),
        Say::answer({{"answer", "It arrives on Friday, see your mail."}, {"success", true}})};
    const std::string id = ask();
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(steps(id), all_nodes);
    EXPECT_EQ(said(id, "ai"), std::vector<std::string>{"It arrives on Friday, see your mail."});

    const std::string key = "hil-" + sql().one("SELECT id FROM hil.runs") + "-handle_with_ai-";
    const std::vector<Seen> orders = web_.seen("/shopify/orders/17.json");
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].header("X-Shop-Token"), "token-of-the-shop");
    EXPECT_EQ(orders[0].header("Idempotency-Key"), key + "1");
    const Json mail = Json::parse(run({"cat", outbox_}));
    EXPECT_EQ(mail["to"], "mia@example.com");
    EXPECT_EQ(mail["key"], key + "2");

    const std::vector<Json> asked = requests("handle_with_ai");
    ASSERT_EQ(asked.size(), 3U);
    std::vector<std::string> offered;
    for (const Json& tool : asked[0]["tools"]) offered.push_back(tool["function"]["name"]);
    std::sort(offered.begin(), offered.end());
    EXPECT_EQ(offered,
              (std::vector<std::string>{"gmail__send_email", "handover_to_human", "shopify__get_order"}))
        << "what the node's patterns match, and nothing else";
    EXPECT_NE(asked[1]["messages"].back()["content"].get<std::string>().find("shipped"), std::string::npos);
    EXPECT_EQ(sql().one("SELECT string_agg(tool || ' ' || is_error, ', ' ORDER BY call) FROM hil.run_calls"),
              "shopify.get_order false, gmail.send_email false");
}

TEST_F(SupportSeed, HandoverBySinkWhereTheAiCannotHandleIt) {
    model_.by_node["classify_intent"] = {Say::answer(classified("return_request", 0.9, "medium"))};
    model_.by_node["check_confidence"] = {Say::answer({{"can_handle", false}, {"reason", "a return"}})};
    const std::string id = ask("You sent the wrong item");
    expect_waiting(id, "AI handover", {"order_management", "returns"}, 5);
    EXPECT_EQ(steps(id), "classify_intent check_confidence");
}

TEST_F(SupportSeed, HandoverBySinkAfterTheEvaluation) {
    model_.by_node["evaluate_result"] = {Say::answer(evaluated(false, true))};
    const std::string id = ask("Please change my address");
    expect_waiting(id, "the order has to be looked at", {"general"}, 7);
    EXPECT_EQ(steps(id), all_nodes);
    EXPECT_NE(look(id)["handover_context"]["ai_result"].get<std::string>().find("It arrives"),
              std::string::npos);
}

TEST_F(SupportSeed, HandoverByLowConfidence) {
    model_.by_node["classify_intent"] = {Say::answer(classified("unknown", 0.4))};
    const std::string id = ask();
    expect_waiting(id, "Confidence 0.4 is below 0.7", {"general"}, 7);
    EXPECT_EQ(steps(id), "classify_intent") << "no later node is paid for";
    EXPECT_EQ(web_.seen("/v1/chat/completions").size(), 1U);
}

TEST_F(SupportSeed, HandoverByComplexity) {
    model_.by_node["classify_intent"] = {Say::answer(classified("billing", 0.9, "high"))};
    expect_waiting(ask("I was charged twice"), "Complexity is high", {"billing", "payments"}, 3);
}

TEST_F(SupportSeed, HandoverBecauseTheClassifierSaysSo) {
    model_.by_node["classify_intent"] = {Say::answer(classified("complaint", 0.9, "low", true))};
    expect_waiting(ask("I will sue you"), "The AI asked for a human agent", {"general"}, 7);
}

TEST_F(SupportSeed, HandoverByTheModelsOwnTool) {
    model_.by_node["handle_with_ai"] = {
        Say::call("handover_to_human", {{"reason", "the customer is upset"}})};
    const std::string id = ask();
    ASSERT_TRUE(reaches(id, "pending_human"));
    EXPECT_EQ(steps(id), "classify_intent check_confidence handle_with_ai");
    EXPECT_EQ(said(id, "ai"), std::vector<std::string>{});
    EXPECT_EQ(look(id)["hil_reason"], "the customer is upset");
}

TEST_F(SupportSeed, HandoverByAnExplicitRequestAsksNoModel) {
    const std::string id = ask("Let me speak to human support");
    ASSERT_TRUE(reaches(id, "pending_human"));
    EXPECT_EQ(web_.seen("/v1/chat/completions").size(), 0U);
}

TEST_F(SupportSeed, HandoverAfterThreeErrorsInARow) {
    model_.by_node["classify_intent"] = {Say::prose("I would rather talk about the weather.")};
    const std::string id = ask();
    ASSERT_TRUE(within_patience([&] {
        skip_backoff();
        return status(id) == "pending_human";
    }));
    expect_waiting(id, "AI error, 3 in a row", {"general"}, 5);
    EXPECT_EQ(requests("classify_intent").size(), 9U) << "each attempt is repaired twice";
}

TEST_F(SupportSeed, HandoverWithoutAClearSink) {
    model_.by_node["evaluate_result"] = {Say::answer(evaluated(false, false))};
    const std::string id = ask();
    expect_waiting(id, "Workflow completed without clear sink", {"general"}, 5);
    EXPECT_EQ(steps(id), all_nodes);
}

TEST_F(SupportSeed, EachMessageIsToldToTheModelOnce) {
    const auto times = [](const std::string& text, const std::string& all) {
        int count = 0;
        for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
        return count;
    };
    const std::string first = "Where is order 17?", second = "And what is in it?";
    const std::string id = ask(first);
    ASSERT_TRUE(reaches(id, "finished"));
    says(id, second);
    ASSERT_TRUE(reaches(id, "finished"));
    const std::vector<Json> asked = requests("handle_with_ai");
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0]["messages"].back()["content"], "What the customer writes now:\n" + first);
    const std::string prompt = asked[1]["messages"].back()["content"];
    EXPECT_TRUE(prompt.ends_with("The conversation so far:\ncustomer: " + first +
                                 "\nai: It arrives on Friday.\n\nWhat the customer writes now:\n" + second))
        << prompt;
    for (const Seen& seen : web_.seen("/v1/chat/completions")) {
        EXPECT_LE(times(first, seen.body), 1) << seen.body;
        EXPECT_LE(times(second, seen.body), 1) << seen.body;
    }
}

TEST_F(SupportSeed, AToolThatFailsIsToldToTheModelAndNotToTheCustomer) {
    web_.on("/shopify/orders/18.json", [](const Seen&) { return Act::text("no such order", 404); });
    model_.by_node["handle_with_ai"] = {Say::call("shopify__get_order", {{"order_id", "18"}}),
                                        Say::call("warehouse__burn", Json::object()),
                                        Say::call("shopify__get_order", {{"order", 18}}),
                                        Say::answer({{"answer", "I could not find it."}, {"success", true}})};
    const std::string id = ask();
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(web_.seen("/burn").size(), 0U) << "a tool of no pattern of the node";
    EXPECT_EQ(web_.seen("/shopify/orders/18.json").size(), 1U);
    const std::vector<Json> asked = requests("handle_with_ai");
    ASSERT_EQ(asked.size(), 4U);
    const auto told = [&](std::size_t turn) {
        return asked[turn]["messages"].back()["content"].get<std::string>();
    };
    EXPECT_NE(told(1).find("HTTP 404: no such order"), std::string::npos) << told(1);
    EXPECT_NE(told(2).find("warehouse__burn"), std::string::npos) << told(2);
    EXPECT_NE(told(3).find("order_id"), std::string::npos) << told(3);
}

}  // namespace
}  // namespace hil::test
