// Both terminals: whole conversations.
#include <csignal>

#include "terminal.hpp"

namespace hil::test {
namespace {

TEST_F(ChatDesk, AWholeConversation) {
    load(support_workflow);
    start_worker();
    const std::string bo = offline_agent("Bo", "{billing,payments}");
    const auto customer = chat();
    customer->type("Where is my order?");
    EXPECT_TRUE(customer->shows("classify_intent   {"));
    EXPECT_TRUE(customer->shows("evaluate_result   {"));
    EXPECT_TRUE(customer->shows("AI                "));
    EXPECT_TRUE(customer->shows("tracking link"));
    EXPECT_TRUE(customer->shows("finished"));

    customer->type("I was charged twice");
    EXPECT_TRUE(customer->shows("handed over to a human"));
    EXPECT_TRUE(customer->shows("place 1 in the queue"));

    const auto agent = desk("Bo@example.com");
    EXPECT_TRUE(agent->shows("you are online"));
    EXPECT_TRUE(agent->shows("new: 1. I was charged twice"));
    EXPECT_TRUE(agent->shows("original_intent   billing")) << "why the AI handed over";
    EXPECT_TRUE(agent->shows("customer          Where is my order?")) << "what was said before";
    EXPECT_TRUE(customer->shows("Bo has the conversation now"));

    agent->type("I refund it.");
    EXPECT_TRUE(customer->shows("Bo                I refund it."));
    customer->type("Thank you!");
    EXPECT_TRUE(agent->shows("customer          Thank you!"));
    agent->type("/resolve refunded by hand");
    EXPECT_TRUE(agent->shows("1. is resolved"));
    EXPECT_TRUE(customer->shows("hil               resolved"));
    for (const char* internal : {"refunded by hand", "Complexity is high"})
        EXPECT_EQ(customer->output().find(internal), std::string::npos) << internal << " is for colleagues";

    customer->type("/rate 5");
    EXPECT_TRUE(customer->shows("thank you"));
    customer->type("/quit");
    EXPECT_EQ(customer->process().wait(), 0);
    agent->type("/quit");
    EXPECT_EQ(agent->process().wait(), 0);
    EXPECT_EQ(status(only_conversation()), "resolved");
    EXPECT_EQ(sql().one("SELECT customer_satisfaction FROM hil.conversation_analytics"), "5");
    EXPECT_EQ(sql().one("SELECT status FROM hil.human_agents WHERE id = $1", {bo}), "offline");
}

TEST_F(ChatDesk, AnAgentGivesTheConversationBackToTheAi) {
    load(support_workflow);
    start_worker();
    offline_agent("Cy", "{}");
    const auto customer = chat();
    customer->type("/human");
    EXPECT_TRUE(customer->shows("place 1 in the queue"));
    customer->type("/human");
    EXPECT_TRUE(customer->shows("waiting for an agent, place 1 in the queue; they will read what you write"));
    const auto agent = desk("Cy@example.com");
    EXPECT_TRUE(agent->shows("new: 1."));
    customer->type("/human");
    EXPECT_TRUE(customer->shows("Cy has the conversation; they will read what you write"));
    EXPECT_EQ(customer->output().find("error"), std::string::npos);
    agent->type("/back Tell them that it was sent today.");
    EXPECT_TRUE(agent->shows("1. is back with the AI"));
    EXPECT_TRUE(customer->shows("the AI has the conversation again"));
    EXPECT_EQ(customer->output().find("Tell them"), std::string::npos) << "that is between agent and AI";
    EXPECT_TRUE(customer->shows("My colleague has looked into your request"));
    EXPECT_TRUE(customer->shows("finished"));
}

TEST_F(ChatDesk, SeveralConversationsHaveNumbers) {
    const auto agent_id = offline_agent("Di", "{}");
    const std::string first = new_id(), second = new_id();
    says(first, "The first");
    says(second, "The second");
    const auto agent = desk("Di@example.com");
    EXPECT_TRUE(agent->shows("new: 2."));
    agent->type("/inbox");
    EXPECT_TRUE(agent->shows("open: The first"));
    agent->type("/open 2");
    EXPECT_TRUE(agent->shows("customer          The second"));
    agent->type("/resolve done");
    EXPECT_TRUE(agent->shows("2. is resolved"));
    EXPECT_TRUE(agent->shows("no conversation is open: /open 1 opens 1. The first"));
    agent->type("Good-bye!");
    EXPECT_TRUE(agent->shows("nobody got this"));
    EXPECT_EQ(replies_in(first), "0");
    EXPECT_EQ(status(second), "resolved");
    EXPECT_EQ(status(first), "human_active");
    says(first, "Hello?");
    agent->process().signal(SIGTERM);
    EXPECT_EQ(agent->process().wait(), 0);
    EXPECT_TRUE(agent->shows("you still have 1 conversation"));
    EXPECT_EQ(sql().one("SELECT status FROM hil.human_agents WHERE id = $1", {agent_id}), "offline");
}

TEST_F(ChatDesk, ALineGoesToTheConversationThatWasOpenWhenItWasBegun) {
    const auto agent_id = offline_agent("Jo", "{}");
    const std::string first = new_id(), second = new_id();
    const auto agent = desk("Jo@example.com");
    EXPECT_TRUE(agent->shows("your inbox is empty"));
    // What comes later does not open by itself, whatever is being typed.
    says(first, "The first");
    EXPECT_TRUE(agent->shows("no conversation is open: /open 1 opens 1. The first"));
    agent->type("Is anybody there?");
    EXPECT_TRUE(agent->shows("nobody got this"));
    agent->type("/open");
    EXPECT_TRUE(agent->shows("/open takes the number of one of your conversations"));
    agent->type("/open 9");
    EXPECT_TRUE(agent->shows("you have no conversation 9"));
    agent->type("/open 1");
    EXPECT_TRUE(agent->shows("--- 1. is open, what you write goes to its customer: conversation " + first));
    says(second, "The second");
    EXPECT_TRUE(agent->shows("new: 2. The second"));
    // Nor does the other one when the open one goes.
    sql().query("SELECT hil_resolve($1, 'by somebody else', $2)", {first, agent_id});
    EXPECT_TRUE(agent->shows("1. is not yours any more"));
    EXPECT_TRUE(agent->shows("/open 2 opens 2. The second"));
    agent->type("/resolve the first is done");
    EXPECT_TRUE(agent->shows("error             no conversation is open: /inbox"));
    agent->type("/open 1");
    EXPECT_TRUE(agent->shows("you have no conversation 1"));
    agent->type("/open 2");
    EXPECT_TRUE(agent->shows("--- 2. is open"));
    agent->type("Good day.");
    EXPECT_TRUE(within_patience([&] { return replies_in(second) == "1"; }));
    EXPECT_EQ(replies_in(first), "0");
    EXPECT_EQ(status(second), "human_active");
}

TEST_F(ChatDesk, AfterARefusedOpenNobodyGetsWhatFollows) {
    offline_agent("Kim", "{}");
    const std::string id = new_id();
    says(id, "The first");
    const auto agent = desk("Kim@example.com");
    EXPECT_TRUE(agent->shows("--- 1. is open"));
    // Pasted: both lines are there at once.
    agent->type("/open 7\nDear Bob, your new PIN is 4711");
    EXPECT_TRUE(agent->shows("you have no conversation 7; no conversation is open now"));
    EXPECT_TRUE(agent->shows("nobody got this"));
    EXPECT_TRUE(agent->shows("no conversation is open: /open 1 opens 1. The first"));
    EXPECT_EQ(replies_in(id), "0");
    agent->type("/open 1\nGood day.");
    EXPECT_TRUE(within_patience([&] { return replies_in(id) == "1"; }));
}

TEST_F(ChatDesk, AfterARefusedNewTheOldConversationGetsNothing) {
    const auto customer = chat();
    EXPECT_TRUE(customer->shows("/help"));
    const std::string id = only_conversation();
    sql().query(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'closed today'; END $$");
    sql().query(
        "CREATE TRIGGER refuse BEFORE INSERT ON hil.conversations FOR EACH ROW EXECUTE FUNCTION refuse()");
    customer->type("/new\nAbout something else\n/human");
    EXPECT_TRUE(customer->shows("closed today"));
    EXPECT_TRUE(customer->shows("no conversation is open, so nobody got this: /new begins one"));
    sql().query("DROP TRIGGER refuse ON hil.conversations");
    customer->type("/new\nHello?");
    EXPECT_TRUE(within_patience([&] { return sql().one("SELECT count(*) FROM hil.messages") == "1"; }));
    EXPECT_TRUE(said(id, "user").empty());
    EXPECT_NE(status(id), "pending_human");
}

TEST_F(ChatDesk, MistakesAreSaidWithAHint) {
    const auto nobody = desk("nobody@example.com");
    EXPECT_EQ(nobody->process().wait(), 2);
    EXPECT_NE(nobody->output().find("nobody@example.com"), std::string::npos) << nobody->output();

    offline_agent("Eve", "{}");
    const auto agent = desk("Eve@example.com");
    agent->type("Hello?");
    EXPECT_TRUE(agent->shows("no conversation is open"));
    agent->type("/dance");
    EXPECT_TRUE(agent->shows("there is no /dance"));
    EXPECT_TRUE(agent->shows("/resolve NOTES"));

    const auto customer = chat();
    customer->type("/rate 3");
    EXPECT_TRUE(customer->shows("Hint: "));
    customer->type("/rate 9");
    EXPECT_TRUE(customer->shows("a number from 1 to 5"));
}

TEST_F(ChatDesk, ACustomersRoleSeesTheConversationAlone) {
    load(support_workflow);
    start_worker();
    sql().query("DROP ROLE IF EXISTS hil_test_customer");
    sql().query("CREATE ROLE hil_test_customer LOGIN");
    sql().query("SELECT hil_grant('hil_test_customer', 'app')");
    const auto customer = chat({}, "hil_test_customer");
    customer->type("Where is my order?");
    EXPECT_TRUE(customer->shows("tracking link"));
    EXPECT_TRUE(customer->shows("need a role with the profile reader"));
    EXPECT_EQ(customer->output().find("classify_intent"), std::string::npos);
    customer->type("/quit");
    EXPECT_EQ(customer->process().wait(), 0);
    sql().query("DROP OWNED BY hil_test_customer");
    sql().query("DROP ROLE hil_test_customer");
}

TEST_F(ChatDesk, ARoleWithoutAProfileIsToldOfIt) {
    sql().query("DROP ROLE IF EXISTS hil_test_nobody");
    sql().query("CREATE ROLE hil_test_nobody LOGIN");
    const auto nobody = chat({}, "hil_test_nobody");
    EXPECT_EQ(nobody->process().wait(), 2);
    EXPECT_TRUE(nobody->shows("permission denied for function hil_create_conversation Hint: "));
    EXPECT_TRUE(nobody->shows("SELECT hil_grant('hil_test_nobody', 'app')"));
    sql().query("DROP ROLE hil_test_nobody");
}

TEST_F(ChatDesk, TheEndOfTheInputWaitsForTheAnswer) {
    load(support_workflow);
    start_worker();
    const std::string question = file("question", "Where is my order?\n");
    const std::string shown = run({"sh", "-c", worker_program + " chat < " + question},
                                  {{"HIL_DATABASE_URL", "postgresql:///" + database()}});
    EXPECT_NE(shown.find("tracking link"), std::string::npos) << shown;
    const std::string id = only_conversation();
    const std::string again =
        run({"sh", "-c", worker_program + " chat --conversation " + id + " < /dev/null"},
            {{"HIL_DATABASE_URL", "postgresql:///" + database()}});
    EXPECT_NE(again.find("you               Where is my order?"), std::string::npos) << again;
}

TEST_F(ChatDesk, ALineWithoutAnEndIsGivenUpAndASignalEndsIt) {
    offline_agent("Gil", "{}");
    for (const int signal : {SIGTERM, SIGINT}) {
        const std::string program = signal == SIGTERM ? "chat" : "desk --agent Gil@example.com";
        Process endless({"sh", "-c", "exec " + worker_program + " " + program + " < /dev/zero"},
                        {{"HIL_DATABASE_URL", "postgresql:///" + database()}}, file("endless", ""));
        EXPECT_TRUE(within_patience([&] {
            return endless.output().find("1048576 bytes is left out") != std::string::npos;
        })) << program;
        endless.signal(signal);
        EXPECT_EQ(endless.wait(), 0) << program;
    }
}

TEST_F(ChatDesk, WhatFollowsALineThatIsTooLongIsTaken) {
    const std::string typed = file(
        "typed", std::string(3'000'000, 'x') + "\n/rate 9\n" + std::string(1'100'000, 'y') + "\n/rate 8");
    const std::string shown = run({"sh", "-c", worker_program + " chat < " + typed},
                                  {{"HIL_DATABASE_URL", "postgresql:///" + database()}});
    const auto count = [&](const std::string& text) {
        int times = 0;
        for (auto at = shown.find(text); at != std::string::npos; at = shown.find(text, at + 1)) ++times;
        return times;
    };
    EXPECT_EQ(count("left out"), 2) << shown.substr(0, 2'000);
    EXPECT_EQ(count("a number from 1 to 5"), 2) << shown.substr(0, 2'000);
    EXPECT_EQ(count("xxx"), 0);
}

TEST_F(ChatDesk, WhatACustomerWritesCannotSteerTheAgentsTerminal) {
    offline_agent("Fay", "{}");
    says(new_id(), "Hello \x1b]0;owned\x07 there");
    const auto agent = desk("Fay@example.com");
    EXPECT_TRUE(agent->shows("owned"));
    EXPECT_EQ(agent->output().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hil::test
