// The model's calls: what is written down when, what is refused, and how it ends.
#include "step/tool_loop.hpp"
#include "step_support.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

class StepToolLoop : public StepTest {
  protected:
    void SetUp() override { give_tools(); }

    // The last result that the model was told about a call.
    std::string told(const std::string& id) const {
        std::string last = "nothing";
        for (const ModelTurn& turn : provider->asked.back().turns)
            for (const auto& [at, result] : turn.results)
                if (turn.calls.at(at).id == id) last = (result.is_error ? "error " : "") + result.text;
        return last;
    }

    Reply answer() const { return says(R"({"answer": "Soon."})"); }
};

TEST_F(StepToolLoop, WritesDownEachCallBeforeAndAfterIt) {
    provider->replies = {calls({{"c1", "shopify__get_order", R"({"order_id": "17"})"}}), answer()};
    order->answer = "on its way";
    const StepOutput done = run();
    EXPECT_EQ(done.output["answer"], "Soon.");
    EXPECT_EQ(order->arguments, std::vector<Json>({{{"order_id", "17"}}}));
    EXPECT_EQ(order->keys, Texts{"hil-7-answer-1"});
    EXPECT_EQ(told("c1"), "on its way");
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0], Json::parse(R"([{"call": 1, "turn": 1, "tool": "shopify.get_order",
        "arguments": {"order_id": "17"},
        "message": {"provider": "fake", "model": "m1", "kind": "fake", "text": "", "raw": {"called": 1},
                    "calls": [{"id": "c1", "name": "shopify__get_order"}]},
        "usage": {"input_tokens": 100, "output_tokens": 20, "cost_usd": 0.001, "model": "m1"}}])"));
    EXPECT_EQ(notes[1].size(), 1U);
    EXPECT_EQ(notes[1][0]["call"], 1);
    EXPECT_EQ(notes[1][0]["result"], "on its way");
    EXPECT_EQ(notes[1][0]["is_error"], false);
    EXPECT_EQ(done.usage["input_tokens"], 100) << "the other turn was paid with its calls";
}

TEST_F(StepToolLoop, OffersTheNodesToolsAndAHuman) {
    tools.not_there = {"gmail.*", "nothing"};
    give_tools({"shopify.*", "gmail.*", "nothing"});
    provider->replies = {answer()};
    run();
    EXPECT_EQ(tools.asked_for, (Texts{"shopify.*", "gmail.*", "nothing"}));
    ASSERT_EQ(provider->asked[0].tools.size(), 2U);
    EXPECT_EQ(provider->asked[0].tools[0].wire_name, "shopify__get_order");
    EXPECT_EQ(provider->asked[0].tools[0].parameters, order->parameters().json_schema());
    EXPECT_EQ(provider->asked[0].tools[1].wire_name, "handover_to_human");
    EXPECT_TRUE(provider->asked[0].system_prompt.ends_with("\n\nNot available: gmail.*, nothing."));
}

TEST_F(StepToolLoop, MakesTheCallsOfATurnInOrder) {
    auto mail = std::make_shared<FakeTool>("gmail.send");
    tools.all.push_back(mail);
    mail->answer = "no such person";
    mail->is_error = true;
    provider->replies = {calls({{"a", "shopify__get_order", R"({"order_id": "1"})"},
                                {"b", "gmail__send", R"({"order_id": "2"})"},
                                {"c", "shopify__get_order", R"({"order_id": "3"})"}}),
                         calls({{"d", "gmail__send", R"({"order_id": "4"})"}}), answer()};
    run();
    EXPECT_EQ(order->keys, (Texts{"hil-7-answer-1", "hil-7-answer-3"}));
    EXPECT_EQ(mail->keys, (Texts{"hil-7-answer-2", "hil-7-answer-4"}));
    EXPECT_EQ(told("b"), "error no such person");
    ASSERT_EQ(notes.size(), 6U);
    EXPECT_EQ(notes[0].size(), 3U);
    EXPECT_TRUE(notes[0][0].contains("message"));
    EXPECT_FALSE(notes[0][1].contains("message"));
    EXPECT_EQ(notes[4][0]["turn"], 2);
    EXPECT_EQ(notes[4][0]["call"], 4);
}

TEST_F(StepToolLoop, WhatCannotBeCalledIsAnAnswerToTheModel) {
    const std::string deep = std::string(200, '[') + std::string(200, ']');
    provider->replies = {calls({{"unknown", "no_such\ntool", "{}"},
                                {"blank", "", "{}"},
                                {"json", "shopify__get_order", R"({"order_id": )"},
                                {"deep", "shopify__get_order", deep},
                                {"large", "shopify__get_order", "\"" + std::string(70'000, 'x') + "\""},
                                {"type", "shopify__get_order", R"({"order_id": 17})"},
                                {"early", "final_answer", "{}"}}),
                         answer()};
    run();
    EXPECT_TRUE(order->keys.empty());
    EXPECT_EQ(told("unknown"),
              "error no tool named \"no_such tool\"; there are shopify__get_order, handover_to_human");
    EXPECT_TRUE(told("blank").starts_with("error no tool named"));
    EXPECT_EQ(told("json"), "error arguments is not valid JSON");
    EXPECT_TRUE(told("deep").starts_with("error arguments must be JSON of at most"));
    EXPECT_EQ(told("large"), "error arguments: more than 65536 bytes");
    EXPECT_TRUE(told("type").starts_with("error arguments: [order_id]: ")) << told("type");
    EXPECT_EQ(told("early"), "error Give the final answer alone, after you have seen the results.");
    ASSERT_EQ(notes.size(), 1U) << "asked and answered in one";
    ASSERT_EQ(notes[0].size(), 7U);
    for (const Json& item : notes[0]) EXPECT_EQ(item["is_error"], true);
    EXPECT_EQ(notes[0][1]["tool"], "(none)");
    EXPECT_TRUE(notes[0][3]["arguments"].is_string());
    EXPECT_LT(notes[0][4]["arguments"].get<std::string>().size(), 1100U);
}

TEST_F(StepToolLoop, CallsOfOneIdAreEachAnswered) {
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "1"})"},
                                {"c", "shopify__delete_all", "{}"},
                                {"c", "shopify__get_order", R"({"order_id": "2"})"}}),
                         answer()};
    EXPECT_EQ(run().output["answer"], "Soon.");
    EXPECT_EQ(order->arguments, std::vector<Json>({{{"order_id", "1"}}, {{"order_id", "2"}}}));
    const ModelTurn& turn = provider->asked.back().turns.at(0);
    ASSERT_EQ(turn.results.size(), 3U);
    EXPECT_EQ(turn.results.at(0).text, "done");
    EXPECT_TRUE(turn.results.at(1).is_error);
    EXPECT_EQ(turn.results.at(2).text, "done");
    EXPECT_EQ(turn.kind, "") << "no API takes its ids back";
    EXPECT_EQ(notes[0][1]["is_error"], true);
    EXPECT_FALSE(notes[0][2].contains("result"));
    // Another attempt makes none of them again.
    earlier = after(notes);
    order->arguments.clear();
    provider->replies = {answer()};
    EXPECT_EQ(run().output["answer"], "Soon.");
    EXPECT_TRUE(order->arguments.empty());
}

// What a step spent that came to nothing is part of what the run costs.
TEST_F(StepToolLoop, WhatAFailedStepSpentIsKept) {
    profile().repair_attempts = 1;
    provider->replies = {calls({{"c1", "shopify__get_order", R"({"order_id": "17"})"}}), says("no"),
                         says("no")};
    EXPECT_THROW(run(), StepFailed);
    EXPECT_EQ(spending->unreported().input_tokens, 200) << "the turn with the call was written down";
    EXPECT_EQ(spending->unreported().output_tokens, 40);
    EXPECT_DOUBLE_EQ(spending->unreported().cost_usd, 0.002);
    provider->replies = {answer()};
    run();
    EXPECT_EQ(spending->unreported().input_tokens, 0) << "it goes with the step";
}

TEST_F(StepToolLoop, AStepThatFindsNoPlaceIsPutOff) {
    provider->error.emplace(ProviderError::Kind::no_place, "openai is cut off", true,
                            std::chrono::seconds(9));
    try {
        run();
        FAIL();
    } catch (const StepPostponed& postponed) {
        EXPECT_STREQ(postponed.what(), "openai is cut off");
        EXPECT_EQ(postponed.after, std::chrono::seconds(9));
    }
}

TEST_F(StepToolLoop, AHumanIsCalledWithSkillsThatExist) {
    workflow.hil.routing_rules = {{.skill = "billing", .priority = {}, .max_wait_seconds = {}}};
    provider->replies = {
        calls({{"h", "handover_to_human",
                R"({"reason": "wants a refund", "skills": ["billing", "root"], "priority": 2})"}})};
    const StepOutput done = run();
    EXPECT_EQ(done.output, Json::parse(R"({"handover_to_human": {"reason": "wants a refund",
        "required_skills": ["billing"], "priority": 2}})"));
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0][0]["tool"], "handover_to_human");
    EXPECT_EQ(notes[1][0]["result"], "A human takes over.");
    EXPECT_EQ(provider->asked[0].tools[1].parameters["properties"]["skills"]["items"]["enum"],
              Json({"billing", "general"}));
}

TEST_F(StepToolLoop, AnAbsurdPriorityIsLeftOutAndAReasonIsNeeded) {
    provider->replies = {
        calls({{"h", "handover_to_human", "{}"}}),
        calls({{"i", "handover_to_human", R"({"reason": "r", "priority": 99, "skills": ["x"]})"}})};
    EXPECT_EQ(run().output, Json({{"handover_to_human", {{"reason", "r"}}}}));
    EXPECT_TRUE(told("h").starts_with("error arguments: "));
}

TEST_F(StepToolLoop, AHumanIsCalledWhateverTheReasonIs) {
    const auto reason = [this](const std::string& given) {
        provider->replies = {calls({{"h", "handover_to_human", R"({"reason": ")" + given + "\"}"}})};
        return run().output["handover_to_human"]["reason"].get<std::string>();
    };
    EXPECT_EQ(reason(""), "AI handover");
    EXPECT_EQ(reason(" \\n"), "AI handover");
    EXPECT_EQ(reason("\\u0000"), "AI handover");
    EXPECT_EQ(reason("a refund\\u0000"), "a refund");
}

TEST_F(StepToolLoop, AtTheLastCallOfTheModelItMustAnswer) {
    node.config["max_iterations"] = 3;
    provider->replies.assign(2, calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}));
    provider->replies.push_back(answer());
    run();
    ASSERT_EQ(provider->asked.size(), 3U);
    EXPECT_FALSE(provider->asked[1].must_answer);
    EXPECT_TRUE(provider->asked[2].must_answer);
    // A model that goes on all the same is corrected, and calls nothing more.
    provider->asked.clear();
    order->keys.clear();
    provider->replies.assign(10, calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}));
    EXPECT_STREQ(failure().what(), "no tool can be called now");
    EXPECT_EQ(order->keys.size(), 2U);
    EXPECT_EQ(provider->asked.size(), 5U);
    EXPECT_TRUE(told("c").starts_with("error Your answer does not fit: no tool can be called now"));
}

TEST_F(StepToolLoop, EightCallsOfTheModelAreTheDefault) {
    provider->replies.assign(20, calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}));
    failure();
    EXPECT_EQ(order->keys.size(), 7U);
}

TEST_F(StepToolLoop, HundredsOfCallsAtOnceAreNotMade) {
    provider->replies = {
        calls(std::vector<ToolCall>(300, {"c", "shopify__get_order", R"({"order_id": "1"})"})), answer()};
    run();
    EXPECT_TRUE(order->keys.empty());
    EXPECT_TRUE(notes.empty());
    EXPECT_TRUE(told("c").starts_with("error Your answer does not fit: more than 32 calls at once"));
}

TEST_F(StepToolLoop, AToolThatRecordsItselfIsNotRecordedAgain) {
    order->records_itself = true;
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}), answer()};
    run();
    EXPECT_EQ(notes.size(), 1U);
    EXPECT_EQ(told("c"), "done");
}

TEST_F(StepToolLoop, ResultsAreTextsThatTheDatabaseTakes) {
    order->answer = std::string("a\0b\xFF", 4) + std::string(500'000, 'x');
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}), answer()};
    run();
    EXPECT_TRUE(told("c").starts_with("a\uFFFDb\uFFFDxx"));
    EXPECT_LT(told("c").size(), 410'000U);
}

// The record of a call that has acted is not to be refused: the call would be made again.
TEST_F(StepToolLoop, AResultOfControlCharactersCanBeWrittenDown) {
    order->answer = "a\tb\r\n" + std::string(300'000, '\x01') + std::string(300'000, '"');
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}), answer()};
    run();
    EXPECT_TRUE(told("c").starts_with("a\tb\r\n\uFFFD"));
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_LT(notes[1].dump().size(), max_json_bytes);
}

TEST_F(StepToolLoop, ArgumentsThatCannotBeWrittenDownAreRefused) {
    const auto nested = [](int levels) {
        return R"({"order_id": "1", "more": )" + std::string(levels - 1, '[') + std::string(levels - 1, ']') +
               "}";
    };
    provider->replies = {calls({{"fits", "shopify__get_order", nested(max_json_depth - 2)},
                                {"deep", "shopify__get_order", nested(max_json_depth - 1)},
                                {"null", "shopify__get_order", R"({"order_id": "1\u0000"})"}}),
                         answer()};
    run();
    EXPECT_EQ(order->arguments.size(), 1U);
    EXPECT_EQ(told("fits"), "done");
    EXPECT_TRUE(told("deep").starts_with("error arguments must be JSON of at most 64 levels"))
        << told("deep");
    EXPECT_TRUE(told("null").starts_with("error arguments holds the character U+0000")) << told("null");
    for (const Json& items : notes) EXPECT_NO_THROW(parse_json(items.dump(), "calls"));
}

// The model's own message is kept only where it can be.
TEST_F(StepToolLoop, AMessageThatIsTooDeepIsNotKept) {
    for (const int levels : {max_json_depth - 3, max_json_depth - 2}) {
        Reply deep = calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}});
        deep.turn.raw = Json::parse(std::string(levels, '[') + std::string(levels, ']'));
        provider->replies = {deep, answer()};
        notes.clear();
        run();
        EXPECT_NO_THROW(parse_json(notes.at(0).dump(), "calls")) << levels;
        EXPECT_EQ(notes[0][0]["message"]["raw"].is_null(), levels > max_json_depth - 3);
    }
}

TEST_F(StepToolLoop, OfToolsOfOneNameThereIsTheFirst) {
    auto other = std::make_shared<FakeTool>("shopify__get_order");
    tools.all.push_back(other);
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}), answer()};
    run();
    EXPECT_EQ(order->keys.size(), 1U);
    EXPECT_TRUE(other->keys.empty());
    EXPECT_EQ(provider->asked[0].tools.size(), 2U) << "it and handover_to_human";
}

TEST_F(StepToolLoop, LimitsEndItBeforeTheNextCall) {
    limits.tool_calls = 2;
    provider->replies.assign(5, calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}));
    EXPECT_THROW(run(), LimitReached);
    EXPECT_EQ(order->keys.size(), 2U);
    limits = {};
    limits.tokens = 100;
    provider->asked.clear();
    EXPECT_THROW(run(), LimitReached);
    EXPECT_EQ(provider->asked.size(), 1U);
}

TEST_F(StepToolLoop, AToolServerThatIsDownIsWorthAnotherAttempt) {
    tools.down = true;
    const StepFailed error = failure();
    EXPECT_STREQ(error.what(), "tool server gmail: it does not start");
    EXPECT_TRUE(error.retryable);
}

TEST_F(StepToolLoop, WithoutToolsNothingIsCalled) {
    node.config.erase("tools");
    provider->replies = {calls({{"c", "shopify__get_order", R"({"order_id": "1"})"}}), answer()};
    EXPECT_EQ(run().output["answer"], "Soon.");
    EXPECT_TRUE(order->keys.empty());
    EXPECT_TRUE(provider->asked[0].tools.empty());
}

}  // namespace
}  // namespace hil::worker
