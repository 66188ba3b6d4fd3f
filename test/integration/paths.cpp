// Every way that a customer's message can take through the support workflow, by a real worker with the
// provider `rules` and the rules that are built into it.
#include <algorithm>

#include "fixture.hpp"

namespace hil::test {
namespace {

const std::string escalated =
    "Your request has been escalated to a human agent. You'll be connected shortly.";
const std::string in_trouble =
    "I'm having trouble processing your request. Let me connect you with a human agent.";
const std::string all_nodes = "classify_intent check_confidence handle_with_ai evaluate_result";

using Texts = std::vector<std::string>;

class Paths : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load(support_workflow);
    }

    // What must be true wherever the AI handed over with no agent there: the queue entry, the state, the
    // notice.
    void expect_waiting(const std::string& id, const std::string& reason, const Json& skills, int priority,
                        const Texts& notices) {
        const Json now = look(id);
        EXPECT_EQ(now["status"], "pending_human");
        EXPECT_EQ(now["is_hil"], true);
        EXPECT_EQ(now["hil_reason"], reason);
        EXPECT_EQ(now["handover_count"], 1);
        EXPECT_EQ(now["live_run"], nullptr);
        EXPECT_EQ(now["queue"]["status"], "pending");
        EXPECT_EQ(now["queue"]["required_skills"], skills);
        EXPECT_EQ(now["queue"]["priority"], priority);
        ASSERT_EQ(now["handovers"].size(), 1U);
        EXPECT_EQ(now["handovers"][0]["from"], "ai");
        EXPECT_EQ(now["handovers"][0]["to"], "human");
        EXPECT_EQ(now["handovers"][0]["reason"], reason);
        EXPECT_EQ(said(id, "system"), notices);
        EXPECT_EQ(said(id, "ai"), Texts{}) << "after a handover the AI does not speak";
        EXPECT_EQ(sql().one("SELECT hil_queue_position($1)", {id}), "1");
    }

    std::string run_of(const std::string& id, const std::string& column) {
        return sql().one("SELECT " + column + " FROM hil.runs WHERE conversation_id = $1 ORDER BY id DESC",
                         {id});
    }
};

TEST_F(Paths, TheLoadedWorkflowIsTheFileByteForByte) {
    const std::string source = run({"cat", support_workflow});
    EXPECT_EQ(sql().one("SELECT source FROM hil.workflows WHERE active"), source);
    EXPECT_EQ(sql().one("SELECT definition ->> 'name' FROM hil.workflows"), "customer_support_hil");
}

TEST_F(Paths, TheAiAnswersAndFinishes) {
    start_worker();
    const std::string id = new_id();
    const Json answer = says(id, "Hello! Where is my order?");
    EXPECT_EQ(answer["status"], "ai_processing");
    EXPECT_EQ(answer["conversation_id"], id);
    EXPECT_TRUE(answer["message_id"].is_number_integer());
    EXPECT_TRUE(answer["run_id"].is_number_integer());
    ASSERT_TRUE(reaches(id, "finished"));

    EXPECT_EQ(steps(id), all_nodes);
    EXPECT_EQ(run_of(id, "status || ' ' || sink || ' ' || attempt"), "succeeded FINISH 1");
    ASSERT_EQ(said(id, "ai").size(), 1U);
    EXPECT_NE(said(id, "ai")[0].find("tracking link"), std::string::npos);
    EXPECT_EQ(said(id, "system"), Texts{});
    EXPECT_EQ(
        sql().one("SELECT run_id FROM hil.messages WHERE conversation_id = $1 AND sender_type = 'ai'", {id}),
        answer["run_id"].dump());
    EXPECT_EQ(sql().one("SELECT concat_ws(' ', total_messages, ai_messages, human_messages, handover_count, "
                        "resolution_status, coalesce(resolved_by::text, 'nobody')) "
                        "FROM hil.conversation_analytics WHERE conversation_id = $1",
                        {id}),
              "2 1 0 0 resolved nobody");
    EXPECT_EQ(sql().number("SELECT count(*) FROM (SELECT conversation_id, type FROM hil.outbox UNION ALL "
                           "SELECT conversation_id, type FROM hil.events) e "
                           "WHERE conversation_id = $1 AND type = 'finished'",
                           {id}),
              1);
    EXPECT_EQ(look(id)["confidence_score"], 0.95);

    // Writing again opens it again.
    EXPECT_EQ(says(id, "And where do I download my invoice?")["status"], "ai_processing");
    ASSERT_TRUE(within_patience([&] { return said(id, "ai").size() == 2; }));
    EXPECT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(
        sql().number("SELECT count(*) FROM hil.conversation_analytics WHERE conversation_id = $1", {id}), 1);
}

TEST_F(Paths, TriggerConfidenceThreshold) {
    start_worker();
    const std::string id = new_id();
    says(id, "I have a problem");
    ASSERT_TRUE(reaches(id, "pending_human"));
    expect_waiting(id, "Confidence 0.4 is below 0.7", {"general"}, 5, {escalated});
    EXPECT_EQ(steps(id), "classify_intent") << "no later node is paid for";
    EXPECT_EQ(run_of(id, "status"), "succeeded");
}

TEST_F(Paths, TriggerExplicitRequestCallsNoModel) {
    const std::string id = new_id();
    const Json answer = says(id, "Please, let me SPEAK   to\nhuman!");
    EXPECT_EQ(answer["status"], "handover");
    EXPECT_EQ(answer["message"], escalated);
    EXPECT_EQ(answer["handled_by"], "ai");
    EXPECT_EQ(answer["queue_position"], 1);
    expect_waiting(id, answer["reason"], {"general"}, 5, {});
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs"), 0);

    add_agent("Ada", "{}", 5);
    const std::string second = new_id();
    const Json at_once = says(second, "escalate");
    EXPECT_EQ(at_once["status"], "human_active");
    EXPECT_EQ(at_once["agent_name"], "Ada");
    EXPECT_EQ(status(id), "human_active") << "going online took what waited";
}

TEST_F(Paths, TriggerAgentDecision) {
    start_worker();
    const std::string id = new_id();
    says(id, "I want to file a complaint");
    ASSERT_TRUE(reaches(id, "pending_human"));
    expect_waiting(id, "The AI asked for a human agent", {"general"}, 5, {escalated});
    EXPECT_EQ(steps(id), "classify_intent");
}

TEST_F(Paths, TriggerComplexityRoutesBySkill) {
    start_worker();
    const std::string id = new_id();
    says(id, "I was charged twice");
    ASSERT_TRUE(reaches(id, "pending_human"));
    // The sink's own priority for high complexity, and the deadline of the rule for billing.
    expect_waiting(id, "Complexity is high", {"billing", "payments"}, 3, {escalated});
    EXPECT_TRUE(sql().yes("SELECT deadline - created_at BETWEEN '599 s' AND '601 s' FROM hil.agent_queue"));
    EXPECT_EQ(steps(id), "classify_intent");
    EXPECT_EQ(look(id)["handover_context"]["original_intent"], "billing");
}

TEST_F(Paths, TriggerErrorThresholdAfterThreeFailedAttempts) {
    start_worker();
    const std::string id = new_id();
    says(id, "simulate an outage");
    ASSERT_TRUE(within_patience([&] {
        skip_backoff();
        return status(id) == "pending_human";
    }));
    expect_waiting(id, "AI error, 3 in a row", {"general"}, 5, {in_trouble});
    EXPECT_EQ(run_of(id, "status || ' ' || attempt"), "failed 3");
    EXPECT_NE(run_of(id, "error").find("the rules simulate an outage of the model"), std::string::npos);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs"), 1) << "a retry is the same run";
}

TEST_F(Paths, WithoutTheErrorTriggerTheFirstErrorHandsOver) {
    load_text(R"(
name: customer_support_hil
workflow:
  nodes:
    - {id: reply, agent: reasoning_support_agent}
    - {id: FINISH, type: sink, action: finish_conversation}
  edges:
    - {from: reply, to: FINISH}
)");
    start_worker();
    const std::string id = new_id();
    says(id, "simulate an outage");
    ASSERT_TRUE(reaches(id, "pending_human"));
    expect_waiting(id, "AI error", {"general"}, 5, {in_trouble});
    EXPECT_EQ(run_of(id, "status || ' ' || attempt"), "failed 1");
}

TEST_F(Paths, SinkWhereTheAiCannotHandleIt) {
    start_worker();
    const std::string id = new_id();
    says(id, "You sent me the wrong item");
    ASSERT_TRUE(reaches(id, "pending_human"));
    // The workflow's reason is that of an evaluation which never ran, so it is empty.
    expect_waiting(id, "AI handover", {"order_management", "returns"}, 5, {escalated});
    EXPECT_EQ(steps(id), "classify_intent check_confidence");
    EXPECT_EQ(run_of(id, "status || ' ' || sink"), "succeeded HANDOVER");
    const Json context = look(id)["handover_context"];
    EXPECT_EQ(context["original_intent"], "return_request");
    EXPECT_EQ(context["confidence"], "0.85");
    EXPECT_EQ(context["ai_attempted"], true);
    EXPECT_EQ(context["reason"], "");
}

TEST_F(Paths, SinkAfterTheEvaluation) {
    start_worker();
    const std::string id = new_id();
    says(id, "Please change my address");
    ASSERT_TRUE(reaches(id, "pending_human"));
    expect_waiting(id, "the order has to be changed by hand", {"general"}, 5, {escalated});
    EXPECT_EQ(steps(id), all_nodes);
    EXPECT_EQ(run_of(id, "status || ' ' || sink"), "succeeded HANDOVER");
    const Json context = look(id)["handover_context"];
    EXPECT_NE(context["ai_result"].get<std::string>().find("I have noted"), std::string::npos);
}

TEST_F(Paths, NoClearSink) {
    start_worker();
    const std::string id = new_id();
    says(id, "I have feedback about your shop");
    ASSERT_TRUE(reaches(id, "pending_human"));
    expect_waiting(id, "Workflow completed without clear sink", {"general"}, 5,
                   {"Let me connect you with a human agent."});
    EXPECT_EQ(steps(id), all_nodes);
    EXPECT_EQ(run_of(id, "status || ' ' || coalesce(sink, 'none')"), "succeeded none");
}

TEST_F(Paths, AHumanAnswersAndResolves) {
    start_worker();
    const std::string id = new_id();
    says(id, "I was charged twice");
    ASSERT_TRUE(reaches(id, "pending_human"));
    const Json waiting = says(id, "Is anybody there?");
    EXPECT_EQ(waiting["status"], "pending_human");
    EXPECT_EQ(waiting["message"], "You're in the queue. A human agent will be with you shortly.");
    EXPECT_EQ(waiting["queue_position"], 1);

    add_agent("Without skills");
    EXPECT_EQ(status(id), "pending_human");
    const std::string agent = add_agent("Bo", "{billing,payments}");
    EXPECT_EQ(status(id), "human_active");
    const Json sent = says(id, "It was 20 dollars");
    EXPECT_EQ(sent["status"], "human_active");
    EXPECT_EQ(sent["message"], "Message sent to agent");
    EXPECT_EQ(sent["agent_name"], "Bo");

    const Json reply = sql().json("SELECT hil_handle_message($1, 'I refund it.', 'agent', $2)", {id, agent});
    EXPECT_EQ(reply["status"], "human_active");
    EXPECT_EQ(reply["handled_by"], "human");
    EXPECT_EQ(sql().json("SELECT hil_resolve($1, 'refunded', $2)", {id, agent})["status"], "resolved");
    EXPECT_EQ(sql().one("SELECT concat_ws(' ', total_messages, ai_messages, human_messages, handover_count, "
                        "resolution_status, resolved_by) FROM hil.conversation_analytics "
                        "WHERE conversation_id = $1",
                        {id}),
              "4 0 1 1 resolved " + agent);
    EXPECT_EQ(sql().number("SELECT current_load FROM hil.human_agents WHERE id = $1", {agent}), 0);

    // The customer comes back; the AI has them again, and knows how it went.
    says(id, "Thanks! Where is my order?");
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(said(id, "ai").size(), 1U);
}

TEST_F(Paths, HandBackWithInstructionsLetsTheAiAnswer) {
    const std::string agent = add_agent("Cy");
    const std::string id = new_id();
    says(id, "I want to talk to agent");
    ASSERT_EQ(status(id), "human_active");
    start_worker();
    const Json back =
        sql().json("SELECT hil_back_to_ai($1, 'Tell them that it was sent today.', $2)", {id, agent});
    EXPECT_EQ(back["status"], "ai_processing");
    EXPECT_TRUE(back["run_id"].is_number_integer());
    ASSERT_TRUE(reaches(id, "finished"));
    ASSERT_EQ(said(id, "ai").size(), 1U);
    EXPECT_NE(said(id, "ai")[0].find("My colleague has looked into your request"), std::string::npos);
    EXPECT_EQ(run_of(id, "instructions"), "Tell them that it was sent today.");
    EXPECT_EQ(look(id)["is_hil"], false);
    EXPECT_EQ(sql().number("SELECT current_load FROM hil.human_agents WHERE id = $1", {agent}), 0);
    const Json handovers = look(id)["handovers"];
    ASSERT_EQ(handovers.size(), 2U);
    EXPECT_EQ(handovers[1]["from"], "human");
    EXPECT_EQ(handovers[1]["to"], "ai");
    EXPECT_EQ(handovers[1]["agent_id"], agent);
}

TEST_F(Paths, HandBackWithoutInstructionsWaitsForTheCustomer) {
    const std::string agent = add_agent("Di");
    const std::string id = new_id();
    says(id, "escalate");
    sql().query("SELECT hil_handle_message($1, 'Done.', 'agent', $2)", {id, agent});
    EXPECT_EQ(sql().json("SELECT hil_back_to_ai($1, NULL, $2)", {id, agent})["status"], "back_to_ai");
    EXPECT_EQ(look(id)["live_run"], nullptr);
    start_worker();
    EXPECT_EQ(says(id, "Where is my order?")["status"], "ai_processing");
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(said(id, "ai").size(), 1U);
}

TEST_F(Paths, MessagesThatArriveWhileARunIsQueuedJoinIt) {
    const std::string id = new_id();
    const Json first = says(id, "Good morning.");
    const Json second = says(id, "Where is my order?");
    EXPECT_EQ(first["run_id"], second["run_id"]);
    start_worker();
    // The first message alone is one that no rule knows, and would be handed over.
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs"), 1);
    EXPECT_EQ(said(id, "ai").size(), 1U);
}

TEST_F(Paths, MessagesThatArriveWhileARunIsRunningGetARunOfTheirOwn) {
    Gate gate(database(), "handle_with_ai");
    Process& worker = start_worker();
    const std::string id = new_id();
    const Json first = says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    // The worker stands still in the middle of the run, and holds no lock there.
    worker.suspend();
    gate.open();
    ASSERT_TRUE(within_patience([&] { return steps(id).ends_with("handle_with_ai"); }));
    const Json second = says(id, "And how do I download my invoice?");
    EXPECT_EQ(second["status"], "ai_processing");
    EXPECT_EQ(second["run_id"], first["run_id"]) << "one live run per conversation";
    worker.resume();

    ASSERT_TRUE(reaches(id, "finished"));
    const Texts answers = said(id, "ai");
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_NE(answers[0].find("Your order is on its way"), std::string::npos);
    EXPECT_NE(answers[1].find("Invoices and payment methods"), std::string::npos);
    EXPECT_EQ(sql().one("SELECT string_agg(status || ' ' || attempt, ', ' ORDER BY id) FROM hil.runs"),
              "succeeded 1, succeeded 1");
}

TEST_F(Paths, ReplyToCustomerAnswersAndStaysOpen) {
    load_text(R"(
name: customer_support_hil
workflow:
  nodes:
    - {id: reply, agent: reasoning_support_agent}
    - id: REPLY
      type: sink
      action: reply_to_customer
      config: {response: "Answer: {{reply.answer}}"}
  edges:
    - {from: reply, to: REPLY}
)");
    start_worker();
    const std::string id = new_id();
    for (std::size_t round = 1; round <= 2; ++round) {
        says(id, "Where is my order?");
        ASSERT_TRUE(within_patience([&] { return said(id, "ai").size() == round; }));
        const Json now = look(id);
        EXPECT_EQ(now["status"], "ai_processing");
        EXPECT_EQ(now["live_run"], nullptr);
        EXPECT_EQ(now["closed_at"], nullptr);
    }
    EXPECT_TRUE(said(id, "ai")[0].starts_with("Answer: Your order is on its way"));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'succeeded'"), 2);
}

TEST_F(Paths, AnotherRevisionWhileARunIsRunningLeavesTheRunItsOwn) {
    Gate gate(database(), "handle_with_ai");
    start_worker();
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(gate.somebody_waits());
    load_text(R"(
name: customer_support_hil
workflow:
  nodes:
    - {id: another, agent: reasoning_support_agent}
    - {id: FINISH, type: sink, action: finish_conversation}
  edges:
    - {from: another, to: FINISH}
)");
    gate.open();
    ASSERT_TRUE(reaches(id, "finished"));
    EXPECT_EQ(steps(id), all_nodes);
    const std::string next = new_id();
    says(next, "Where is my order?");
    ASSERT_TRUE(reaches(next, "finished"));
    EXPECT_EQ(steps(next), "another");
}

TEST_F(Paths, WhatACustomerWritesIsNeverCode) {
    load_text(R"(
name: customer_support_hil
workflow:
  nodes:
    - id: reply
      agent: reasoning_support_agent
      prompt_template: "Answer this: {{customer_message}}"
    - id: REPLY
      type: sink
      action: reply_to_customer
      config: {response: "You wrote: {{customer_message}}"}
  edges:
    - {from: reply, to: REPLY}
)");
    start_worker();
    const std::string id = new_id();
    const std::string text =
        "{{ 7 * 7 }} {% for x in range(9999999) %} ' OR 1=1; -- \" \\ \t\u0001 &lt; ['returns'] "
        "{\"needs_human\": true} \u00fc\u6f22\U0001F600 " +
        std::string(60'000, '{');
    says(id, text);
    ASSERT_TRUE(within_patience([&] { return said(id, "ai").size() == 1; }));
    EXPECT_EQ(said(id, "ai")[0], "You wrote: " + text);
}

TEST_F(Paths, AWorkerNeedsNoMoreThanTheProfileWorker) {
    sql().query("CREATE ROLE paths_worker LOGIN");
    sql().query("SELECT hil_grant('paths_worker', 'worker')");
    start_worker({.role = "paths_worker"});
    const std::string answered = new_id(), handed_over = new_id(), failed = new_id();
    says(answered, "Where is my order?");
    says(handed_over, "I was charged twice");
    says(failed, "simulate an outage");
    EXPECT_TRUE(reaches(answered, "finished"));
    EXPECT_TRUE(reaches(handed_over, "pending_human"));
    EXPECT_TRUE(within_patience([&] {
        skip_backoff();
        return status(failed) == "pending_human";
    }));
    sql().query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'paths_worker'");
    sql().query("DROP OWNED BY paths_worker");
    sql().query("ALTER ROLE paths_worker NOLOGIN");
}

class WithoutWorkflow : public LiveTest {};

TEST_F(WithoutWorkflow, HilIsAPlainHumanQueue) {
    const std::string id = new_id();
    const Json answer = says(id, "Hello");
    EXPECT_EQ(answer["status"], "handover");
    EXPECT_EQ(answer["queue_position"], 1);
    const std::string agent = add_agent("Eve");
    EXPECT_EQ(status(id), "human_active");
    EXPECT_EQ(sql().json("SELECT hil_resolve($1, 'done', $2)", {id, agent})["status"], "resolved");
}

}  // namespace
}  // namespace hil::test
