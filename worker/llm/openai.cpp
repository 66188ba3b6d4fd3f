#include "llm/openai.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "llm/wire_schema.hpp"

namespace hil::worker {
namespace {

constexpr const char* kind = "openai";
constexpr std::size_t max_name_bytes = 64;

bool by_tool(const Question& question) {
    return question.profile->structured_output == StructuredOutput::tool;
}

OrderedJson message(const char* role, const std::string& content) {
    return {{"role", role}, {"content", content}};
}

OrderedJson function(const std::string& name, const std::string& description, const Json& parameters) {
    return {{"type", "function"},
            {"function",
             {{"name", name}, {"description", description}, {"parameters", OrderedJson(parameters)}}}};
}

OrderedJson messages(const Question& question) {
    const Exchange& exchange = *question.exchange;
    std::string system = exchange.system_prompt;
    // The API refuses response_format json_object where no message speaks of JSON.
    if (!by_tool(question) && asks_for_any_object(*question.output_schema) &&
        lower_case(system + exchange.prompt).find("json") == std::string::npos)
        system += "\n\nAnswer with one JSON object.";
    OrderedJson list = OrderedJson::array();
    list.push_back(message("system", system));
    list.push_back(message("user", exchange.prompt));
    for (const ModelTurn& turn : exchange.turns) {
        if (turn.kind == kind) {
            list.push_back(OrderedJson(turn.raw));
            for (const auto& [at, result] : turn.results)
                list.push_back(
                    {{"role", "tool"}, {"tool_call_id", turn.calls.at(at).id}, {"content", result.text}});
        } else {
            list.push_back(message("user", retold(turn)));
        }
        if (!turn.correction.empty()) list.push_back(message("user", turn.correction));
    }
    return list;
}

OrderedJson tool_choice(const Question& question, bool has_tools) {
    if (!by_tool(question)) return question.must_answer ? "none" : "auto";
    if (has_tools && !question.must_answer) return "required";
    return {{"type", "function"}, {"function", {{"name", final_answer}}}};
}

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

ToolCall read_call(const Json& call) {
    const auto function = call.is_object() ? call.find("function") : call.end();
    if (!call.is_object() || function == call.end() || !function->is_object())
        throw UnreadableReply("a tool call without a function");
    const auto arguments = function->find("arguments");
    const bool as_text = arguments != function->end() && arguments->is_string();
    return {text_at(call, "id"), text_at(*function, "name"),
            as_text                        ? arguments->get<std::string>()
            : arguments == function->end() ? "{}"
                                           : arguments->dump()};
}

Usage read_usage(const Json& body) {
    const Json usage = body.value("usage", Json());
    Usage read{token_count(usage, "prompt_tokens"), token_count(usage, "completion_tokens")};
    if (usage.is_object())
        read.cached_tokens = std::min(
            read.input_tokens, token_count(usage.value("prompt_tokens_details", Json()), "cached_tokens"));
    return read;
}

}  // namespace

Headers OpenAiApi::headers(const std::string& key) const {
    Headers headers = {{"Content-Type", "application/json"}};
    if (key.empty()) return headers;
    if (dialect_ == OpenAiDialect::azure) {
        headers.emplace_back("api-key", key);
    } else {
        headers.emplace_back("Authorization", "Bearer " + key);
    }
    return headers;
}

OrderedJson OpenAiApi::response_format(const Question& question) const {
    const Json& schema = *question.output_schema;
    if (asks_for_any_object(schema)) return {{"type", "json_object"}};
    OrderedJson format = {{"name", question.node.substr(0, max_name_bytes)}};
    if (dialect_ == OpenAiDialect::compatible) {
        format["schema"] = OrderedJson(schema);
    } else {
        const std::optional<Json> strict = strict_schema(schema);
        format["strict"] = strict.has_value();
        format["schema"] = OrderedJson(strict ? *strict : schema);
    }
    return {{"type", "json_schema"}, {"json_schema", std::move(format)}};
}

std::string OpenAiApi::body(const Question& question) const {
    const ModelProfile& profile = *question.profile;
    OrderedJson request = {{"model", profile.model}, {"messages", messages(question)}};
    if (profile.temperature) request["temperature"] = *profile.temperature;
    request[dialect_ == OpenAiDialect::compatible ? "max_tokens" : "max_completion_tokens"] =
        profile.max_tokens;
    OrderedJson tools = OrderedJson::array();
    for (const ToolSpec& tool : *question.tools)
        tools.push_back(function(tool.wire_name, tool.description, tool.parameters));
    const bool has_tools = !tools.empty();
    if (by_tool(question))
        tools.push_back(
            function(final_answer, final_answer_description(question.node), *question.output_schema));
    if (!tools.empty()) {
        request["tools"] = std::move(tools);
        request["tool_choice"] = tool_choice(question, has_tools);
    }
    if (!by_tool(question)) request["response_format"] = response_format(question);
    return request_text(std::move(request), profile.options);
}

Reply OpenAiApi::reply(const Json& body) const {
    const Json::json_pointer first("/choices/0");
    if (!body.is_object() || !body.contains(first)) throw UnreadableReply("no choices");
    const Json& choice = body[first];
    const auto message = choice.is_object() ? choice.find("message") : choice.end();
    if (!choice.is_object() || message == choice.end() || !message->is_object())
        throw UnreadableReply("no message");
    Reply reply;
    reply.usage = read_usage(body);
    reply.turn.kind = kind;
    reply.turn.raw = *message;
    reply.turn.text = text_at(*message, "content");
    if (const auto calls = message->find("tool_calls"); calls != message->end() && calls->is_array())
        for (const Json& call : *calls) reply.turn.calls.push_back(read_call(call));
    const std::string reason = text_at(choice, "finish_reason");
    if (const std::string refusal = text_at(*message, "refusal"); !refusal.empty()) {
        reply.finish = Finish::refused;
        reply.detail = refusal;
    } else if (reason == "length") {
        reply.finish = Finish::truncated;
    } else if (reason == "content_filter") {
        reply.finish = Finish::filtered;
    }
    conclude(reply);
    return reply;
}

}  // namespace hil::worker
