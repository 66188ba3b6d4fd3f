#include "tools/mcp/json_rpc.hpp"

#include "config/secrets.hpp"
#include "core/json_depth.hpp"
#include "core/text.hpp"

namespace hil::worker::mcp {
namespace {

// Arguments that a model wrote may hold broken UTF-8: it is replaced.
std::string text_of(const Json& message) {
    return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parsed(std::string_view text) {
    if (text.size() > max_message_bytes) throw BadMessage("the message is too long");
    if (json_depth(text) > static_cast<std::size_t>(max_json_depth))
        throw BadMessage("the message is nested too deep");
    try {
        return Json::parse(text);
    } catch (const Json::exception&) {
        throw BadMessage("expected a JSON-RPC message, got " + in_quotes(redact(std::string(text))));
    }
}

RpcError error_of(const Json& given) {
    if (!given.is_object()) throw BadMessage("the error of a reply is no object");
    RpcError error;
    if (const auto code = given.find("code"); code != given.end() && code->is_number_integer())
        error.code = code->get<std::int64_t>();
    if (const auto message = given.find("message"); message != given.end() && message->is_string())
        error.message = message->get<std::string>();
    if (const auto data = given.find("data"); data != given.end()) error.data = *data;
    return error;
}

Message message_of(const Json& given) {
    if (!given.is_object() || given.value("jsonrpc", Json()) != "2.0")
        throw BadMessage("expected a JSON-RPC message, got " + in_quotes(redact(given.dump())));
    Message message;
    if (const auto id = given.find("id"); id != given.end() && (id->is_number_integer() || id->is_string()))
        message.id = *id;
    if (const auto method = given.find("method"); method != given.end() && method->is_string())
        message.method = method->get<std::string>();
    if (const auto params = given.find("params"); params != given.end()) message.params = *params;
    if (const auto error = given.find("error"); error != given.end()) message.error = error_of(*error);
    if (const auto result = given.find("result"); result != given.end()) message.result = *result;
    const bool is_answer = message.error || given.contains("result");
    if (message.is_reply() && !is_answer)
        throw BadMessage("a message with neither a method nor a result nor an error");
    return message;
}

}  // namespace

std::string request_text(std::int64_t id, const std::string& method, const Json& params) {
    return text_of({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

std::string notification_text(const std::string& method, const Json& params) {
    Json message = {{"jsonrpc", "2.0"}, {"method", method}};
    if (!params.empty()) message["params"] = params;
    return text_of(message);
}

std::string result_reply(const Json& id, const Json& result) {
    return text_of({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}});
}

std::string error_reply(const Json& id, int code, const std::string& message) {
    return text_of({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}});
}

std::vector<Message> read_messages(std::string_view text) {
    const Json json = parsed(text);
    std::vector<Message> messages;
    if (!json.is_array()) {
        messages.push_back(message_of(json));
    } else if (json.size() > max_listed_messages) {
        throw BadMessage("too many messages in one list");
    } else {
        for (const Json& item : json) messages.push_back(message_of(item));
    }
    return messages;
}

std::string reply_to(const Message& request) {
    if (request.method == "ping") return result_reply(request.id, Json::object());
    return error_reply(request.id, method_not_found, "this client has no such method");
}

}  // namespace hil::worker::mcp
