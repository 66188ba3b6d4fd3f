// The Chat Completions API, field by field.
#include <gtest/gtest.h>

#include "llm/openai.hpp"
#include "llm_support.hpp"

namespace hil::worker {
namespace {

std::string body(const Asked& asked, OpenAiDialect dialect = OpenAiDialect::openai) {
    return OpenAiApi(dialect).body(asked.question());
}

// The text of a body, without the line breaks of the test.
std::string text(const std::string& pretty) { return OrderedJson::parse(pretty).dump(); }

Reply reply(const std::string& choice, const std::string& usage = "{}") {
    return OpenAiApi(OpenAiDialect::openai)
        .reply(Json::parse(R"({"choices": [)" + choice + R"(], "usage": )" + usage + "}"));
}

TEST(LlmOpenai, AsksWithAStrictSchemaWhereItCan) {
    Asked asked("gpt-4o-mini");
    asked.profile.temperature = 0;
    asked.profile.max_tokens = 1024;
    asked.profile.options = {{"seed", 7}};
    EXPECT_EQ(body(asked), text(R"({"model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": "You are support."},
                     {"role": "user", "content": "Where is my order?"}],
        "temperature": 0.0, "max_completion_tokens": 1024,
        "response_format": {"type": "json_schema", "json_schema": {"name": "classify", "strict": true,
            "schema": {"additionalProperties": false, "properties": {"intent": {"type": "string"}},
                       "required": ["intent"], "type": "object"}}},
        "seed": 7})"));
}

TEST(LlmOpenai, SendsOtherSchemasAsTheyAre) {
    Asked asked;
    asked.schema["properties"]["reason"] = {{"type", "string"}};  // not required
    const Json sent = Json::parse(body(asked));
    EXPECT_EQ(sent["response_format"]["json_schema"]["strict"], false);
    EXPECT_EQ(sent["response_format"]["json_schema"]["schema"], asked.schema);
    EXPECT_FALSE(sent.contains("temperature"));
    EXPECT_FALSE(sent.contains("tools"));
    EXPECT_FALSE(sent.contains("tool_choice"));
}

TEST(LlmOpenai, AsksForAnyObjectAndSpeaksOfJson) {
    Asked asked;
    asked.schema = {{"type", "object"}};
    Json sent = Json::parse(body(asked));
    EXPECT_EQ(sent["response_format"], Json({{"type", "json_object"}}));
    EXPECT_EQ(sent["messages"][0]["content"], "You are support.\n\nAnswer with one JSON object.");
    asked.exchange.prompt = "Give me json";
    sent = Json::parse(body(asked));
    EXPECT_EQ(sent["messages"][0]["content"], "You are support.");
}

TEST(LlmOpenai, OffersToolsAndTakesThemAwayAtTheEnd) {
    Asked asked;
    asked.add_tool();
    Json sent = Json::parse(body(asked));
    EXPECT_EQ(sent["tools"], Json::parse(R"([{"type": "function", "function": {"name": "shopify__get_order",
        "description": "Looks up an order.",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}}}}])"));
    EXPECT_EQ(sent["tool_choice"], "auto");
    EXPECT_TRUE(sent.contains("response_format"));
    asked.must_answer = true;
    EXPECT_EQ(Json::parse(body(asked))["tool_choice"], "none");
}

TEST(LlmOpenai, AsksForTheAnswerByAFunction) {
    Asked asked;
    asked.profile.structured_output = StructuredOutput::tool;
    Json sent = Json::parse(body(asked));
    EXPECT_FALSE(sent.contains("response_format"));
    EXPECT_EQ(sent["tools"], Json({{{"type", "function"},
                                    {"function",
                                     {{"name", "final_answer"},
                                      {"description", "Gives the final answer of classify."},
                                      {"parameters", asked.schema}}}}}));
    const Json forced = {{"type", "function"}, {"function", {{"name", "final_answer"}}}};
    EXPECT_EQ(sent["tool_choice"], forced);
    asked.add_tool();
    sent = Json::parse(body(asked));
    EXPECT_EQ(sent["tools"].size(), 2U);
    EXPECT_EQ(sent["tool_choice"], "required");
    asked.must_answer = true;
    EXPECT_EQ(Json::parse(body(asked))["tool_choice"], forced);
}

TEST(LlmOpenai, SendsTurnsBackAsTheyCame) {
    Asked asked;
    asked.add_tool();
    ModelTurn turn;
    turn.kind = "openai";
    turn.raw = Json::parse(R"({"role": "assistant", "content": null, "tool_calls": [{"id": "call_1",
        "type": "function", "function": {"name": "shopify__get_order", "arguments": "{\"order_id\":\"17\"}"}}]})");
    turn.calls = {{"call_1", "shopify__get_order", R"({"order_id":"17"})"}};
    turn.results = {{0, {"on its way", false}}};
    asked.exchange.turns.push_back(turn);
    ModelTurn wrong;
    wrong.kind = "openai";
    wrong.raw = {{"role", "assistant"}, {"content", "{}"}};
    wrong.correction = "Your answer does not fit.";
    asked.exchange.turns.push_back(wrong);
    const Json messages = Json::parse(body(asked))["messages"];
    ASSERT_EQ(messages.size(), 6U);
    EXPECT_EQ(messages[2], turn.raw);
    EXPECT_EQ(messages[3], Json({{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", "on its way"}}));
    EXPECT_EQ(messages[4], wrong.raw);
    EXPECT_EQ(messages[5], Json({{"role", "user"}, {"content", "Your answer does not fit."}}));
}

TEST(LlmOpenai, RetellsTurnsOfAnotherKindOfModel) {
    Asked asked;
    ModelTurn turn;
    turn.kind = "anthropic";
    turn.raw = Json::array();
    turn.calls = {{"toolu_1", "shopify__get_order", R"({"order_id":"17"})"}};
    turn.results = {{0, {"on its way", false}}};
    asked.exchange.turns.push_back(turn);
    const Json messages = Json::parse(body(asked))["messages"];
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[2]["role"], "user");
    EXPECT_EQ(messages[2]["content"],
              "Earlier in this step you called tools and got these results.\n\n"
              "shopify__get_order with {\"order_id\":\"17\"}:\non its way");
}

TEST(LlmOpenai, KnowsTheDialects) {
    Asked asked;
    const Json compatible = Json::parse(body(asked, OpenAiDialect::compatible));
    EXPECT_EQ(compatible["max_tokens"], 4096);
    EXPECT_FALSE(compatible.contains("max_completion_tokens"));
    EXPECT_EQ(compatible["response_format"]["json_schema"],
              Json({{"name", "classify"}, {"schema", asked.schema}}));
    EXPECT_EQ(Json::parse(body(asked, OpenAiDialect::azure)), Json::parse(body(asked)));
    const auto headers = [](OpenAiDialect dialect, const std::string& key) {
        return OpenAiApi(dialect).headers(key);
    };
    const std::pair<std::string, std::string> type = {"Content-Type", "application/json"};
    EXPECT_EQ(headers(OpenAiDialect::openai, "k"), (Headers{type, {"Authorization", "Bearer k"}}));
    EXPECT_EQ(headers(OpenAiDialect::azure, "k"), (Headers{type, {"api-key", "k"}}));
    EXPECT_EQ(headers(OpenAiDialect::compatible, ""), Headers{type});
    EXPECT_EQ(OpenAiApi(OpenAiDialect::openai).path(), "/chat/completions");
}

TEST(LlmOpenai, CutsNamesAndReplacesBrokenText) {
    Asked asked;
    asked.exchange.prompt = "a\xFF";
    Question question = asked.question();
    question.node = std::string(100, 'n');
    const Json sent = Json::parse(OpenAiApi(OpenAiDialect::openai).body(question));
    EXPECT_EQ(sent["response_format"]["json_schema"]["name"], std::string(64, 'n'));
    EXPECT_EQ(sent["messages"][1]["content"], "a\uFFFD");
}

TEST(LlmOpenai, ReadsAnAnswerAndItsUsage) {
    const Reply read =
        reply(R"({"message": {"role": "assistant", "content": "{\"a\":1}"}, "finish_reason": "stop"})",
              R"({"prompt_tokens": 100, "completion_tokens": 20,
                                 "prompt_tokens_details": {"cached_tokens": 60}})");
    EXPECT_EQ(read.finish, Finish::answered);
    EXPECT_EQ(read.answer, "{\"a\":1}");
    EXPECT_EQ(read.turn.kind, "openai");
    EXPECT_EQ(read.turn.raw, Json({{"role", "assistant"}, {"content", "{\"a\":1}"}}));
    EXPECT_EQ(read.usage.input_tokens, 100);
    EXPECT_EQ(read.usage.output_tokens, 20);
    EXPECT_EQ(read.usage.cached_tokens, 60);
}

TEST(LlmOpenai, ReadsCallsWhateverTheReasonSays) {
    const std::string calls = R"({"message": {"content": null, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"x\":1}"}},
        {"id": "c2", "type": "function", "function": {"name": "final_answer", "arguments": "{"}}]},
        "finish_reason": ")";
    for (const char* reason : {"tool_calls", "stop", "function_call", "weird"}) {
        const Reply read = reply(calls + reason + "\"}");
        EXPECT_EQ(read.finish, Finish::called) << reason;
        EXPECT_EQ(read.answer, std::nullopt);
        ASSERT_EQ(read.turn.calls.size(), 2U);
        EXPECT_EQ(read.turn.calls[0].id, "c1");
        EXPECT_EQ(read.turn.calls[0].wire_name, "a");
        EXPECT_EQ(read.turn.calls[0].arguments, "{\"x\":1}");
        EXPECT_EQ(read.turn.calls[1].arguments, "{");
    }
}

TEST(LlmOpenai, ReadsTheFinalAnswerOfTheFunction) {
    const Reply read = reply(R"({"message": {"tool_calls": [{"id": "c1", "function":
        {"name": "final_answer", "arguments": "{\"a\":1}"}}]}, "finish_reason": "tool_calls"})");
    EXPECT_EQ(read.finish, Finish::answered);
    EXPECT_EQ(read.answer, "{\"a\":1}");
}

TEST(LlmOpenai, ReadsWhyThereIsNoAnswer) {
    EXPECT_EQ(reply(R"({"message": {"content": "{\"a"}, "finish_reason": "length"})").finish,
              Finish::truncated);
    EXPECT_EQ(reply(R"({"message": {"content": null}, "finish_reason": "content_filter"})").finish,
              Finish::filtered);
    const Reply refused =
        reply(R"({"message": {"content": null, "refusal": "I will not."}, "finish_reason": "stop"})");
    EXPECT_EQ(refused.finish, Finish::refused);
    EXPECT_EQ(refused.detail, "I will not.");
}

TEST(LlmOpenai, RefusesWhatItCannotRead) {
    const OpenAiApi api(OpenAiDialect::openai);
    for (const char* body :
         {"{}", "[]", "null", R"({"choices": []})", R"({"choices": [1]})", R"({"choices": [{}]})",
          R"({"choices": [{"message": []}]})", R"({"choices": {"0": {}}})",
          R"({"choices": [{"message": {"tool_calls": [5]}}]})",
          R"({"choices": [{"message": {"tool_calls": [{"id": "c"}]}}]})"})
        EXPECT_THROW(api.reply(Json::parse(body)), UnreadableReply) << body;
}

TEST(LlmOpenai, BelievesNoUsageThatCannotBe) {
    const std::string choice = R"({"message": {"content": "{}"}, "finish_reason": "stop"})";
    Usage usage = reply(choice, R"({"prompt_tokens": -5, "completion_tokens": "many"})").usage;
    EXPECT_EQ(usage.input_tokens, 0);
    EXPECT_EQ(usage.output_tokens, 0);
    usage = reply(choice, R"({"prompt_tokens": 1e300, "completion_tokens": 2.5,
                              "prompt_tokens_details": {"cached_tokens": 1e301}})")
                .usage;
    EXPECT_EQ(usage.input_tokens, 1'000'000'000);
    EXPECT_EQ(usage.output_tokens, 2);
    EXPECT_EQ(usage.cached_tokens, 1'000'000'000);
    EXPECT_EQ(reply(choice, "[]").usage.input_tokens, 0);
    EXPECT_EQ(reply(choice, R"({"prompt_tokens": 3, "prompt_tokens_details": null})").usage.cached_tokens, 0);
}

}  // namespace
}  // namespace hil::worker
