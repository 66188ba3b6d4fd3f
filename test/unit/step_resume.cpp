// An attempt that goes on where an earlier one died: nothing that was answered is done again.
#include "step_support.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

class StepResume : public StepTest {
  protected:
    void SetUp() override {
        give_tools();
        claim.attempt = 2;
    }

    void first_attempt() {
        provider->replies = {calls({{"a", "shopify__get_order", R"({"order_id": "1"})"},
                                    {"b", "shopify__get_order", R"({"order_id": "2"})"}}),
                             says(R"({"answer": "Soon."})")};
        run();
        order->keys.clear();
        order->arguments.clear();
        provider->asked.clear();
        provider->replies = {says(R"({"answer": "Soon."})")};
    }
};

TEST_F(StepResume, AFinishedTurnIsGoneOnFrom) {
    first_attempt();
    earlier = after(notes);
    notes.clear();
    EXPECT_EQ(run().output["answer"], "Soon.");
    EXPECT_TRUE(order->keys.empty());
    EXPECT_TRUE(notes.empty());
    ASSERT_EQ(provider->asked.size(), 1U) << "the turn with the calls is not paid again";
    ASSERT_EQ(provider->asked[0].turns.size(), 1U);
    const ModelTurn& turn = provider->asked[0].turns[0];
    EXPECT_EQ(turn.kind, "fake");
    EXPECT_EQ(turn.raw, Json({{"called", 2}}));
    ASSERT_EQ(turn.calls.size(), 2U);
    EXPECT_EQ(turn.calls[1].id, "b");
    EXPECT_EQ(turn.calls[1].wire_name, "shopify__get_order");
    EXPECT_EQ(turn.calls[1].arguments, R"({"order_id":"2"})");
    ASSERT_EQ(turn.results.size(), 2U);
    EXPECT_EQ(turn.results.at(0).text, "done");
}

TEST_F(StepResume, ACallWithoutAnswerIsMadeWithItsOldKey) {
    first_attempt();
    EXPECT_EQ(order->again, std::vector<bool>(2, false));
    order->again.clear();
    notes.pop_back();  // the second call was made, but its worker died
    earlier = after(notes);
    notes.clear();
    run();
    EXPECT_EQ(order->keys, Texts{"hil-7-answer-2"});
    EXPECT_EQ(order->again, std::vector<bool>{true});
    EXPECT_EQ(order->arguments, std::vector<Json>({{{"order_id", "2"}}}));
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0][0]["call"], 2);
    EXPECT_EQ(provider->asked[0].turns[0].results.size(), 2U);
}

TEST_F(StepResume, NumbersOfCallsAndTurnsGoOn) {
    first_attempt();
    earlier = after(notes);
    notes.clear();
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "3"})"}}),
                         says(R"({"answer": "Soon."})")};
    run();
    EXPECT_EQ(order->keys, Texts{"hil-7-answer-3"});
    EXPECT_EQ(notes[0][0]["call"], 3);
    EXPECT_EQ(notes[0][0]["turn"], 2);
}

TEST_F(StepResume, RecordedTurnsCountAsCallsOfTheModel) {
    node.config["max_iterations"] = 2;
    first_attempt();
    earlier = after(notes);
    run();
    EXPECT_TRUE(provider->asked[0].must_answer);
}

TEST_F(StepResume, AnotherModelIsToldInWords) {
    first_attempt();
    earlier = after(notes);
    profile().model = "m2";
    run();
    EXPECT_EQ(provider->asked[0].turns[0].kind, "");
    EXPECT_EQ(provider->asked[0].turns[0].calls.size(), 2U);
    EXPECT_EQ(provider->asked[0].turns[0].results.size(), 2U);
}

TEST_F(StepResume, AToolThatIsGoneIsAnAnswerToo) {
    first_attempt();
    notes.pop_back();
    earlier = after(notes);
    notes.clear();
    tools.all.clear();
    run();
    EXPECT_TRUE(order->keys.empty());
    EXPECT_EQ(notes[0][0]["is_error"], true);
    EXPECT_EQ(notes[0][0]["result"],
              "no tool named \"shopify__get_order\"; there are handover_to_human; "
              "it is not known whether the call had an effect")
        << "the attempt before had the tool";
}

// 1E9 grows when it is written down: a later attempt would have only a part of it.
TEST_F(StepResume, WhatCannotBeWrittenDownWholeIsNotCalled) {
    std::string many = "1E9";
    for (int i = 0; i < 9'999; ++i) many += ",1E9";
    provider->replies = {calls({{"a", "shopify__get_order", R"({"order_id": "1", "more": [)" + many + "]}"}}),
                         says(R"({"answer": "Soon."})")};
    run();
    EXPECT_TRUE(order->keys.empty());
    EXPECT_EQ(notes[0][0]["result"], "arguments: more than 65536 bytes");
}

TEST_F(StepResume, AHandoverThatWasWrittenDownIsRepeatedWithoutTheModel) {
    provider->replies = {calls({{"h", "handover_to_human", R"({"reason": "wants a refund"})"}})};
    const Json output = run().output;
    earlier = after(notes);
    provider->asked.clear();
    EXPECT_EQ(run().output, output);
    notes.pop_back();  // also where only the call was
    earlier = after({notes[0]});
    EXPECT_EQ(run().output, output);
    EXPECT_TRUE(provider->asked.empty());
}

TEST_F(StepResume, WhatTheDatabaseGivesBackMayLackEverything) {
    earlier = Json::parse(R"([{"call": 4, "turn": 2, "tool": "x", "arguments": null, "result": null}])");
    provider->replies = {says(R"({"answer": "Soon."})")};
    run();
    EXPECT_EQ(provider->asked[0].turns[0].results.size(), 1U);
}

TEST_F(StepResume, ACallForAHumanStandsHoweverItWasWrittenDown) {
    const std::string reason = std::string(2'000, 'x') + "\\u0000";
    provider->replies = {calls({{"h", "handover_to_human", R"({"reason": ")" + reason + "\"}"}})};
    run();
    earlier = after(notes);
    EXPECT_EQ(run().output["handover_to_human"]["reason"], "AI handover");
    EXPECT_EQ(provider->asked.size(), 1U);
}

}  // namespace
}  // namespace hil::worker
