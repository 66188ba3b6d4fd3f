// What terminals show.
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "terminal/page.hpp"
#include "terminal/story.hpp"

namespace hil::worker {
namespace {

std::string told(const std::vector<Line>& lines) {
    std::string text;
    for (const Line& line : lines) text += line.who + ": " + line.text + "\n";
    return text;
}

// As hil_conversation returns it.
Json conversation(const std::string& status) {
    return {
        {"status", status}, {"agent", nullptr}, {"messages", Json::array()}, {"handovers", Json::array()}};
}

// As hil_customer_view returns it.
Json view(const std::string& status, Json agent = nullptr, int position = 0, Json wait = nullptr) {
    return {{"status", status},
            {"agent_name", std::move(agent)},
            {"queue_position", position},
            {"estimated_wait_seconds", std::move(wait)},
            {"messages", Json::array()}};
}

Json message(int id, const std::string& sender, const std::string& content, Json agent = nullptr) {
    return {{"id", id}, {"sender_type", sender}, {"content", content}, {"agent_id", std::move(agent)}};
}

TEST(TerminalPage, WhatOthersWroteCannotSteerTheTerminal) {
    EXPECT_EQ(shown_text("a\x1b[2Jb\rc\x07"), "a\uFFFD[2Jb\uFFFDc\uFFFD");
    EXPECT_EQ(shown_text("a\xc2\x9b"
                         "31mb"),
              "a\uFFFD31mb");
    EXPECT_EQ(shown_text("two\nlines\tä"), "two\nlines\tä");
    EXPECT_EQ(shown_text("broken \xff"), "broken \uFFFD");
}

TEST(TerminalPage, WhoStandsOnTheLeftAndLinesAreIndented) {
    std::ostringstream out;
    Page page(out, /*colours=*/false);
    page.say(Voice::ai, "AI", "one\ntwo");
    page.say(Voice::agent, "a name that is much too long", "x");
    EXPECT_EQ(out.str(),
              "AI                one\n"
              "                  two\n"
              "a name that is…   x\n");
}

TEST(TerminalStory, TellsEachThingOnce) {
    CustomerStory story;
    Json now = view("finished");
    now["messages"] = {message(1, "user", "Hello"), message(2, "ai", "Hi!")};
    story.typed(1);
    EXPECT_EQ(told(story.news(now)), "AI: Hi!\nhil: finished\n");
    EXPECT_EQ(told(story.news(now)), "");
}

TEST(TerminalStory, TellsTheCustomerWhereTheyStand) {
    CustomerStory story;
    EXPECT_EQ(told(story.news(view("ai_processing"))), "");
    EXPECT_EQ(told(story.news(view("pending_human", nullptr, 3, 300))),
              "hil: handed over to a human\n"
              "hil: waiting for an agent, place 3 in the queue, about 5 min\n");
    EXPECT_EQ(told(story.news(view("pending_human", nullptr, 2))), "");
    Json now = view("human_active", "Ann");
    EXPECT_EQ(told(story.news(now)), "hil: Ann has the conversation now\n");
    now["messages"] = {message(5, "agent", "Hello")};
    now["messages"][0]["agent_name"] = "Ann";
    EXPECT_EQ(told(story.news(now)), "Ann: Hello\n");
    now["agent_name"] = "Bo";
    EXPECT_EQ(told(story.news(now)), "hil: Bo has the conversation now\n");
    EXPECT_EQ(told(story.news(view("pending_human", nullptr, 1))),
              "hil: waiting for an agent, place 1 in the queue\n");
    EXPECT_EQ(told(story.news(view("ai_processing"))), "hil: the AI has the conversation again\n");
    EXPECT_EQ(told(story.news(view("human_active", "Bo"))),
              "hil: handed over to a human\nhil: Bo has the conversation now\n");
    EXPECT_EQ(told(story.news(view("resolved"))), "hil: resolved\n");
}

TEST(TerminalStory, TellsAgentsWhatColleaguesSaid) {
    AgentStory story;
    Json now = conversation("human_active");
    now["handovers"] = {{{"from", "ai"}, {"to", "human"}, {"reason", "Complexity is high"}},
                        {{"from", "human"}, {"to", "human"}, {"reason", "angry customer"}},
                        {{"from", "human"}, {"to", "ai"}, {"reason", "be kind"}}};
    now["agent"] = {{"id", "7"}, {"name", "Ann"}};
    now["messages"] = {message(1, "user", "Hello"), message(2, "agent", "Hi", "7")};
    EXPECT_EQ(told(story.news(now)),
              "customer: Hello\nAnn: Hi\n"
              "hil: handed over to a human: Complexity is high\n"
              "hil: passed on to another agent: angry customer\n"
              "hil: given back to the AI: be kind\n");
    now["status"] = "resolved";
    now["resolution_notes"] = "refunded";
    EXPECT_EQ(told(story.news(now)), "hil: resolved: refunded\n");
}

TEST(TerminalStory, StepsShowToolsOutputCostAndVerdict) {
    const StepRow step{
        "classify",
        {{"confidence", 0.4}},
        {{"input_tokens", 200}, {"output_tokens", 10}, {"cost_usd", 0.0123}, {"duration_ms", 840}},
        "confidence_threshold",
        {{{"tool", "shopify.get_order"},
          {"arguments", {{"order_id", "17"}}},
          {"usage", {{"input_tokens", 90}, {"cost_usd", 0.0007}}},
          {"result", "HTTP 404"},
          {"is_error", true}}}};
    EXPECT_EQ(
        told(lines_of(step)),
        "classify: shopify.get_order {\"order_id\":\"17\"} → error: HTTP 404\n"
        "classify: {\"confidence\":0.4}  (0.8 s, 300 tokens, $0.013)  → handover: confidence_threshold\n");
    EXPECT_EQ(told(lines_of({"check", {{"ok", true}}, Json::object(), "", Json()})),
              "check: {\"ok\":true}  (0.0 s)\n");
}

}  // namespace
}  // namespace hil::worker
