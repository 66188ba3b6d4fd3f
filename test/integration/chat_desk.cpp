// Both terminals, typed into through pipes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "fixture.hpp"
#include "patience.hpp"

namespace hil::test {
namespace {

// `hil-worker chat` or `desk`, with somebody who types.
class Terminal {
  public:
    Terminal(const std::string& pipe, const std::string& database, const std::string& role,
             std::vector<std::string> arguments)
        : Terminal(pipe, database, role, std::move(arguments), made(pipe)) {}

    ~Terminal() { close(input_); }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& line) const {
        const std::string text = line + "\n";
        if (write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            throw std::runtime_error("the terminal takes no more");
    }

    testing::AssertionResult shows(const std::string& text) const {
        if (within_patience([&] { return process_.output().find(text) != std::string::npos; }))
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << text << " is not shown, but\n" << process_.output();
    }

    Process& process() { return process_; }
    std::string output() const { return process_.output(); }

  private:
    static int made(const std::string& pipe) {
        if (mkfifo(pipe.c_str(), 0600) != 0) throw std::runtime_error(pipe + " cannot be made");
        return 0;
    }

    static std::vector<std::string> command(const std::string& pipe, std::vector<std::string> arguments) {
        // The shell opens the pipe; opening waits for the other end.
        std::vector<std::string> words = {"sh", "-c", "pipe=$1; shift; exec \"$@\" < \"$pipe\"",
                                          "sh", pipe, worker_program};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
    }

    Terminal(const std::string& pipe, const std::string& database, const std::string& role,
             std::vector<std::string> arguments, int /*made*/)
        : process_(command(pipe, std::move(arguments)),
                   {{"HIL_DATABASE_URL", "postgresql:///" + database}, {"PGUSER", role}}, pipe + ".shown"),
          input_(open(pipe.c_str(), O_WRONLY | O_CLOEXEC)) {}

    Process process_;
    int input_;
};

class ChatDesk : public LiveTest {
  protected:
    std::unique_ptr<Terminal> chat(std::vector<std::string> options = {},
                                   const std::string& role = "postgres") {
        options.insert(options.begin(), "chat");
        return open(std::move(options), role);
    }

    std::unique_ptr<Terminal> desk(const std::string& email) {
        return open({"desk", "--agent", email}, "postgres");
    }

    std::string offline_agent(const std::string& name, const std::string& skills) {
        return sql().one("SELECT hil_add_agent($1::text, $1::text || '@example.com', $2::text[])",
                         {name, skills});
    }

    std::string only_conversation() { return sql().one("SELECT id FROM hil.conversations"); }

  private:
    std::unique_ptr<Terminal> open(std::vector<std::string> arguments, const std::string& role) {
        const std::string pipe = file("terminal-" + std::to_string(++count_), "");
        unlink(pipe.c_str());
        return std::make_unique<Terminal>(pipe, database(), role, std::move(arguments));
    }

    int count_ = 0;
};

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
    EXPECT_TRUE(customer->shows("handed over to a human: Complexity is high"));
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
    EXPECT_EQ(customer->output().find("refunded by hand"), std::string::npos) << "notes are for colleagues";

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
    const auto agent = desk("Cy@example.com");
    EXPECT_TRUE(agent->shows("new: 1."));
    agent->type("/back Tell them that it was sent today.");
    EXPECT_TRUE(agent->shows("1. is back with the AI"));
    EXPECT_TRUE(customer->shows("given back to the AI"));
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
    EXPECT_EQ(status(second), "resolved");
    EXPECT_EQ(status(first), "human_active");
    says(first, "Hello?");
    agent->process().signal(SIGTERM);
    EXPECT_EQ(agent->process().wait(), 0);
    EXPECT_TRUE(agent->shows("you still have 1 conversation"));
    EXPECT_EQ(sql().one("SELECT status FROM hil.human_agents WHERE id = $1", {agent_id}), "offline");
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

TEST_F(ChatDesk, WhatACustomerWritesCannotSteerTheAgentsTerminal) {
    offline_agent("Fay", "{}");
    says(new_id(), "Hello \x1b]0;owned\x07 there");
    const auto agent = desk("Fay@example.com");
    EXPECT_TRUE(agent->shows("owned"));
    EXPECT_EQ(agent->output().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hil::test
