#include "llm/anthropic.hpp"

#include "llm/wire_schema.hpp"

namespace hil::worker {
namespace {

constexpr const char* kind = "anthropic";

bool by_tool(const Question& question) {
    return question.profile->structured_output != StructuredOutput::json_schema;
}

// All results of a turn go into one message, before any text: behind it they would make the next reply empty.
OrderedJson after(const ModelTurn& turn) {
    OrderedJson blocks = OrderedJson::array();
    for (const auto& [at, result] : turn.results)
        blocks.push_back({{"type", "tool_result"},
                          {"tool_use_id", turn.calls.at(at).id},
                          {"content", result.text},
                          {"is_error", result.is_error}});
    if (!turn.correction.empty()) blocks.push_back({{"type", "text"}, {"text", turn.correction}});
    return blocks;
}

OrderedJson messages(const Exchange& exchange) {
    OrderedJson list = OrderedJson::array();
    list.push_back({{"role", "user"}, {"content", exchange.prompt}});
    for (const ModelTurn& turn : exchange.turns) {
        if (turn.kind != kind) {
            std::string text = retold(turn);
            if (!turn.correction.empty()) text += "\n\n" + turn.correction;
            list.push_back({{"role", "user"}, {"content", text}});
            continue;
        }
        list.push_back({{"role", "assistant"}, {"content", OrderedJson(turn.raw)}});
        if (OrderedJson blocks = after(turn); !blocks.empty())
            list.push_back({{"role", "user"}, {"content", std::move(blocks)}});
    }
    return list;
}

OrderedJson tool(const std::string& name, const std::string& description, const Json& schema) {
    return {{"name", name}, {"description", description}, {"input_schema", OrderedJson(schema)}};
}

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void read_block(const Json& block, ModelTurn& turn) {
    if (!block.is_object()) throw UnreadableReply("a block that is no object");
    const std::string type = text_at(block, "type");
    if (type == "text") turn.text += text_at(block, "text");
    if (type == "tool_use") {
        const auto input = block.find("input");
        turn.calls.push_back({text_at(block, "id"), text_at(block, "name"),
                              input == block.end() ? std::string("{}") : input->dump()});
    }
}

Usage read_usage(const Json& body) {
    const Json usage = body.value("usage", Json());
    Usage read;
    read.cached_tokens = token_count(usage, "cache_read_input_tokens");
    read.cache_write_tokens = token_count(usage, "cache_creation_input_tokens");
    read.input_tokens = token_count(usage, "input_tokens") + read.cached_tokens + read.cache_write_tokens;
    read.output_tokens = token_count(usage, "output_tokens");
    return read;
}

}  // namespace

Headers AnthropicApi::headers(const std::string& key) const {
    Headers headers = {{"Content-Type", "application/json"}, {"anthropic-version", "2023-06-01"}};
    if (!key.empty()) headers.emplace_back("x-api-key", key);
    return headers;
}

std::string AnthropicApi::body(const Question& question) const {
    const ModelProfile& profile = *question.profile;
    const Json& schema = *question.output_schema;
    std::string system = question.exchange->system_prompt;
    const std::optional<Json> format = by_tool(question) ? std::nullopt : output_format_schema(schema);
    if (!by_tool(question) && !format)
        system += "\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else:\n" +
                  schema.dump(-1, ' ', false, Json::error_handler_t::replace);

    OrderedJson request = {{"model", profile.model}, {"max_tokens", profile.max_tokens}};
    if (profile.temperature) request["temperature"] = *profile.temperature;
    request["system"] = system;
    request["messages"] = messages(*question.exchange);
    OrderedJson tools = OrderedJson::array();
    for (const ToolSpec& spec : *question.tools)
        tools.push_back(tool(spec.wire_name, spec.description, spec.parameters));
    const bool has_tools = !tools.empty();
    if (by_tool(question))
        tools.push_back(tool(final_answer, final_answer_description(question.node), schema));
    if (!tools.empty()) request["tools"] = std::move(tools);
    if (by_tool(question)) {
        request["tool_choice"] =
            has_tools && !question.must_answer
                ? OrderedJson{{"type", "any"}}
                : OrderedJson{{"type", "tool"}, {"name", final_answer}, {"disable_parallel_tool_use", true}};
    } else if (has_tools && question.must_answer) {
        request["tool_choice"] = {{"type", "none"}};
    }
    if (format)
        request["output_config"] = {{"format", {{"type", "json_schema"}, {"schema", OrderedJson(*format)}}}};
    return request_text(std::move(request), profile.options);
}

Reply AnthropicApi::reply(const Json& body) const {
    const auto content = body.is_object() ? body.find("content") : body.end();
    if (!body.is_object() || content == body.end() || !content->is_array())
        throw UnreadableReply("no content");
    Reply reply;
    reply.usage = read_usage(body);
    reply.turn.kind = kind;
    reply.turn.raw = *content;
    for (const Json& block : *content) read_block(block, reply.turn);
    const std::string reason = text_at(body, "stop_reason");
    if (reason == "max_tokens" || reason == "model_context_window_exceeded") {
        reply.finish = Finish::truncated;
    } else if (reason == "refusal") {
        reply.finish = Finish::refused;
        const auto details = body.find("stop_details");
        reply.detail = details != body.end() && details->is_object() ? text_at(*details, "explanation")
                                                                     : reply.turn.text;
    } else if (reason == "pause_turn") {
        reply.finish = Finish::called;  // the turn goes back as it is, and the model goes on
    }
    conclude(reply);
    return reply;
}

}  // namespace hil::worker
