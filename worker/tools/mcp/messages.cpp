#include "tools/mcp/messages.hpp"

#include <algorithm>
#include <string_view>

#include "config/secrets.hpp"
#include "core/text.hpp"

namespace hil::worker::mcp {
namespace {

std::string text_at(const Json& object, const char* key) {
    if (!object.is_object()) return "";
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Binary content is named and not shown: a model would read base64 as text.
std::string named(const std::string& kind, const Json& block) {
    return "[" + kind + ", " + text_at(block, "mimeType") + ", " +
           std::to_string(text_at(block, "data").size()) + " bytes]";
}

std::string block_text(const Json& block) {
    const std::string type = text_at(block, "type");
    if (type == "text") return text_at(block, "text");
    if (type == "image" || type == "audio") return named(type, block);
    if (type == "resource_link") return text_at(block, "uri");
    if (type == "resource" && block.contains("resource")) {
        const Json& resource = block["resource"];
        const std::string text = text_at(resource, "text");
        return text.empty() ? "[resource, " + text_at(resource, "uri") + "]" : text;
    }
    return "[" + (type.empty() ? "content" : type) + "]";
}

bool holds_values(std::string_view keyword) {
    return keyword == "enum" || keyword == "const" || keyword == "default" || keyword == "examples";
}

// Below these stand names of the author's, not keywords.
bool holds_names(std::string_view keyword) {
    return keyword == "properties" || keyword == "definitions" || keyword == "$defs" ||
           keyword == "dependencies";
}

bool is_refused(const std::string& keyword, const Json& value) {
    return keyword == "pattern" || keyword == "patternProperties" ||
           (keyword == "format" && (value == "date" || value == "time" || value == "date-time"));
}

Json client_info() { return {{"name", "hil-worker"}, {"version", "0.1"}}; }

bool wants_headers(const Json& schema) {
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object()) return false;
    return std::any_of(properties->begin(), properties->end(), [](const Json& property) {
        return property.is_object() && property.contains("x-mcp-header");
    });
}

}  // namespace

Json initialize_params() {
    return {{"protocolVersion", handshake_versions.front()},
            {"capabilities", Json::object()},
            {"clientInfo", client_info()}};
}

bool takes_stateless(const RpcError& error) {
    const auto supported = error.data.find("supported");
    if (supported == error.data.end() || !supported->is_array()) return true;
    return std::find(supported->begin(), supported->end(), stateless_version) != supported->end();
}

Json stateless_params(Json params) {
    Json& meta = params["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = stateless_version;
    meta["io.modelcontextprotocol/clientCapabilities"] = Json::object();
    meta["io.modelcontextprotocol/clientInfo"] = client_info();
    return params;
}

Agreement read_initialize(const Json& result) {
    const std::string version = text_at(result, "protocolVersion");
    const auto known = std::find(handshake_versions.begin(), handshake_versions.end(), version);
    if (known == handshake_versions.end())
        throw BadServer("it speaks version " + in_quotes(redact(version)) +
                        " of the protocol, which hil does not");
    const auto capabilities = result.find("capabilities");
    return {version,
            capabilities != result.end() && capabilities->is_object() && capabilities->contains("tools")};
}

ToolPage read_tool_page(const Json& result) {
    const auto tools = result.is_object() ? result.find("tools") : result.end();
    if (tools == result.end() || !tools->is_array()) throw BadServer("its answer to tools/list has no tools");
    ToolPage page;
    for (const Json& tool : *tools) {
        std::string name = text_at(tool, "name");
        if (name.empty()) continue;
        const auto schema = tool.find("inputSchema");
        RemoteTool found{std::move(name), text_at(tool, "description"),
                         schema != tool.end() ? *schema : Json::object()};
        found.wants_headers = wants_headers(found.schema);
        page.tools.push_back(std::move(found));
    }
    if (std::string next = text_at(result, "nextCursor"); !next.empty()) page.next = std::move(next);
    return page;
}

Json call_params(const std::string& tool, const Json& arguments, const std::string& idempotency_key) {
    return {{"name", tool}, {"arguments", arguments}, {"_meta", {{"hil/idempotency-key", idempotency_key}}}};
}

bool may_be_called_off(const std::string& method) { return method != "initialize"; }

std::string called_off_text(std::int64_t id, const char* reason) {
    return notification_text("notifications/cancelled", {{"requestId", id}, {"reason", reason}});
}

CallResult read_call_result(const Json& result) {
    if (!result.is_object()) throw BadServer("its answer to tools/call is no object");
    const std::string kind = text_at(result, "resultType");
    if (kind == "input_required") return {"the tool wants input that nobody can give", true};
    CallResult read;
    if (const auto content = result.find("content"); content != result.end() && content->is_array())
        for (const Json& block : *content)
            read.text.append(read.text.empty() ? "" : "\n").append(block_text(block));
    if (const auto data = result.find("structuredContent"); read.text.empty() && data != result.end())
        read.text = data->dump(-1, ' ', false, Json::error_handler_t::replace);
    read.is_error = result.value("isError", Json(false)) == true;
    return read;
}

Json checkable(const Json& schema) {
    Json out = schema;
    if (schema.is_array())
        for (Json& part : out) part = checkable(part);
    if (!schema.is_object()) return out;
    for (const auto& [keyword, value] : schema.items()) {
        if (is_refused(keyword, value))
            out.erase(keyword);
        else if (holds_names(keyword) && value.is_object())
            for (auto& part : out[keyword]) part = checkable(part);
        else if (!holds_values(keyword))
            out[keyword] = checkable(value);
    }
    return out;
}

}  // namespace hil::worker::mcp
