// The Messages API, field by field.
#include <gtest/gtest.h>

#include "llm/anthropic.hpp"
#include "llm_support.hpp"

namespace hil::worker {
namespace {

std::string body(const Asked& asked) { return AnthropicApi().body(asked.question()); }

std::string text(const std::string& pretty) { return OrderedJson::parse(pretty).dump(); }

Reply reply(const std::string& content, const std::string& reason, const std::string& usage = "{}") {
    return AnthropicApi().reply(Json::parse(R"({"type": "message", "role": "assistant", "content": )" +
                                            content + R"(, "stop_reason": ")" + reason + R"(", "usage": )" +
                                            usage + "}"));
}

TEST(LlmAnthropic, AsksForTheAnswerByAForcedTool) {
    Asked asked("claude-sonnet-4-6");
    asked.profile.temperature = 0.5;
    asked.profile.options = {{"top_k", 5}};
    EXPECT_EQ(body(asked), text(R"({"model": "claude-sonnet-4-6", "max_tokens": 4096, "temperature": 0.5,
        "system": "You are support.",
        "messages": [{"role": "user", "content": "Where is my order?"}],
        "tools": [{"name": "final_answer", "description": "Gives the final answer of classify.",
                   "input_schema": {"properties": {"intent": {"type": "string"}}, "required": ["intent"],
                                    "type": "object"}}],
        "tool_choice": {"type": "tool", "name": "final_answer", "disable_parallel_tool_use": true},
        "top_k": 5})"));
    EXPECT_EQ(AnthropicApi().headers("k"), (Headers{{"Content-Type", "application/json"},
                                                    {"anthropic-version", "2023-06-01"},
                                                    {"x-api-key", "k"}}));
    EXPECT_EQ(AnthropicApi().headers("").size(), 2U);
    EXPECT_EQ(AnthropicApi().path(), "/v1/messages");
}

TEST(LlmAnthropic, LetsTheModelChooseAmongToolsUntilItMustAnswer) {
    Asked asked;
    asked.add_tool();
    Json sent = Json::parse(body(asked));
    EXPECT_EQ(sent["tools"][0],
              Json::parse(R"({"name": "shopify__get_order", "description": "Looks up an order.",
                  "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}}})"));
    EXPECT_EQ(sent["tools"][1]["name"], "final_answer");
    EXPECT_EQ(sent["tool_choice"], Json({{"type", "any"}}));
    asked.must_answer = true;
    sent = Json::parse(body(asked));
    EXPECT_EQ(sent["tool_choice"],
              Json({{"type", "tool"}, {"name", "final_answer"}, {"disable_parallel_tool_use", true}}));
}

TEST(LlmAnthropic, SaysTheSchemaItselfWhereTheProfileWantsIt) {
    Asked asked;
    asked.profile.structured_output = StructuredOutput::json_schema;
    asked.schema["properties"]["score"] = {{"type", "number"}, {"minimum", 0}, {"maximum", 1}};
    Json sent = Json::parse(body(asked));
    EXPECT_FALSE(sent.contains("tools"));
    EXPECT_FALSE(sent.contains("tool_choice"));
    EXPECT_EQ(sent["output_config"], Json::parse(R"({"format": {"type": "json_schema", "schema":
        {"type": "object", "properties": {"intent": {"type": "string"}, "score": {"type": "number"}},
         "required": ["intent"], "additionalProperties": false}}})"));
    asked.add_tool();
    sent = Json::parse(body(asked));
    EXPECT_EQ(sent["tools"].size(), 1U);
    EXPECT_FALSE(sent.contains("tool_choice"));
    asked.must_answer = true;
    EXPECT_EQ(Json::parse(body(asked))["tool_choice"], Json({{"type", "none"}}));
}

TEST(LlmAnthropic, TellsASchemaThatCannotBeSentInThePrompt) {
    Asked asked;
    asked.profile.structured_output = StructuredOutput::json_schema;
    asked.schema = {{"type", "object"}};
    const Json sent = Json::parse(body(asked));
    EXPECT_FALSE(sent.contains("output_config"));
    EXPECT_EQ(sent["system"],
              "You are support.\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing "
              "else:\n{\"type\":\"object\"}");
}

TEST(LlmAnthropic, SendsTurnsBackAsTheyCameAndResultsBeforeWords) {
    Asked asked;
    ModelTurn turn;
    turn.kind = "anthropic";
    turn.raw = Json::parse(R"([{"type": "thinking", "thinking": "…", "signature": "s"},
        {"type": "tool_use", "id": "t1", "name": "a", "input": {}},
        {"type": "tool_use", "id": "t2", "name": "final_answer", "input": {}}])");
    turn.calls = {{"t1", "a", "{}"}, {"t2", "final_answer", "{}"}};
    turn.results = {{0, {"done", false}}, {1, {"not yet", true}}};
    turn.correction = "Your answer does not fit.";
    asked.exchange.turns.push_back(turn);
    const Json messages = Json::parse(body(asked))["messages"];
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[1], Json({{"role", "assistant"}, {"content", turn.raw}}));
    EXPECT_EQ(messages[2], Json::parse(R"({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t1", "content": "done", "is_error": false},
        {"type": "tool_result", "tool_use_id": "t2", "content": "not yet", "is_error": true},
        {"type": "text", "text": "Your answer does not fit."}]})"));
}

TEST(LlmAnthropic, RetellsTurnsOfAnotherKindOfModel) {
    Asked asked;
    ModelTurn turn;
    turn.kind = "openai";
    turn.text = "Let me see.";
    turn.correction = "Your answer does not fit.";
    asked.exchange.turns.push_back(turn);
    const Json messages = Json::parse(body(asked))["messages"];
    EXPECT_EQ(messages[1], Json({{"role", "user"},
                                 {"content",
                                  "Earlier in this step you said:\nLet me see.\n\nYour answer does "
                                  "not fit."}}));
}

TEST(LlmAnthropic, ReadsTheFinalAnswerAndItsUsage) {
    const Reply read =
        reply(R"([{"type": "tool_use", "id": "t", "name": "final_answer", "input": {"a": 1}}])", "tool_use",
              R"({"input_tokens": 10, "cache_creation_input_tokens": 20,
                                 "cache_read_input_tokens": 30, "output_tokens": 5})");
    EXPECT_EQ(read.finish, Finish::answered);
    EXPECT_EQ(read.answer, "{\"a\":1}");
    EXPECT_EQ(read.turn.kind, "anthropic");
    EXPECT_TRUE(read.turn.raw.is_array());
    EXPECT_EQ(read.usage.input_tokens, 60);
    EXPECT_EQ(read.usage.cached_tokens, 30);
    EXPECT_EQ(read.usage.cache_write_tokens, 20);
    EXPECT_EQ(read.usage.output_tokens, 5);
}

TEST(LlmAnthropic, ReadsCallsAndText) {
    const Reply called =
        reply(R"([{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "One moment."},
        {"type": "tool_use", "id": "t1", "name": "a", "input": {"x": 1}},
        {"type": "tool_use", "id": "t2", "name": "final_answer", "input": {}}])",
              "tool_use");
    EXPECT_EQ(called.finish, Finish::called);
    ASSERT_EQ(called.turn.calls.size(), 2U);
    EXPECT_EQ(called.turn.calls[0].id, "t1");
    EXPECT_EQ(called.turn.calls[0].wire_name, "a");
    EXPECT_EQ(called.turn.calls[0].arguments, "{\"x\":1}");
    EXPECT_EQ(called.turn.text, "One moment.");
    const Reply said =
        reply(R"([{"type": "text", "text": "{\"a\":"}, {"type": "text", "text": "1}"}])", "end_turn");
    EXPECT_EQ(said.finish, Finish::answered);
    EXPECT_EQ(said.answer, "{\"a\":1}");
    const Reply paused = reply(R"([{"type": "server_tool_use", "id": "s"}])", "pause_turn");
    EXPECT_EQ(paused.finish, Finish::called);
    EXPECT_TRUE(paused.turn.calls.empty());
}

TEST(LlmAnthropic, ReadsWhyThereIsNoAnswer) {
    EXPECT_EQ(reply("[]", "max_tokens").finish, Finish::truncated);
    EXPECT_EQ(reply("[]", "model_context_window_exceeded").finish, Finish::truncated);
    const Reply refused = reply(R"([{"type": "text", "text": "I will not."}])", "refusal");
    EXPECT_EQ(refused.finish, Finish::refused);
    EXPECT_EQ(refused.detail, "I will not.");
}

TEST(LlmAnthropic, RefusesWhatItCannotRead) {
    for (const char* body :
         {"{}", "[]", "7", R"({"content": "text"})", R"({"content": [1]})", R"({"content": null})"})
        EXPECT_THROW(AnthropicApi().reply(Json::parse(body)), UnreadableReply) << body;
}

}  // namespace
}  // namespace hil::worker
