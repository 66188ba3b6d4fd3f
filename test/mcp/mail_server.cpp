// An MCP server with the tool send_email that needs nothing from npm, so that the support workflow is tested
// everywhere. Like gmail.js it writes each mail as a line of JSON to the file that GMAIL_OUTBOX names, and
// sends none twice that has the same idempotency key.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using Json = nlohmann::json;

bool was_sent(const std::string& outbox, const Json& key) {
    std::ifstream mails(outbox);
    for (std::string mail; std::getline(mails, mail);)
        if (Json::parse(mail).at("key") == key) return true;
    return false;
}

Json send(const Json& call) {
    const char* outbox = std::getenv("GMAIL_OUTBOX");
    if (outbox == nullptr) throw std::runtime_error("GMAIL_OUTBOX is not set");
    Json mail = call.at("arguments");
    mail["key"] = call.at("_meta").at("hil/idempotency-key");
    if (!was_sent(outbox, mail["key"])) std::ofstream(outbox, std::ios::app) << mail.dump() << std::endl;
    const std::string text = "Sent to " + mail.at("to").get<std::string>() + ".";
    return {{"content", {{{"type", "text"}, {"text", text}}}}};
}

Json tools() {
    const Json text = {{"type", "string"}};
    const Json schema = {{"type", "object"},
                         {"properties", {{"to", text}, {"subject", text}, {"body", text}}},
                         {"required", {"to", "subject", "body"}}};
    const Json tool = {{"name", "send_email"}, {"description", "Sends an e-mail."}, {"inputSchema", schema}};
    return {{"tools", Json::array({tool})}};
}

// Nothing where the method is not known.
Json result_of(const std::string& method, const Json& parameters) {
    if (method == "initialize")
        return {{"protocolVersion", parameters.at("protocolVersion")},
                {"capabilities", {{"tools", Json::object()}}},
                {"serverInfo", {{"name", "gmail"}, {"version", "1.0.0"}}}};
    if (method == "ping") return Json::object();
    if (method == "tools/list") return tools();
    if (method == "tools/call") return send(parameters);
    return {};
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        const Json request = Json::parse(line);
        if (!request.contains("id")) continue;  // a notification
        Json answer = {{"jsonrpc", "2.0"}, {"id", request["id"]}};
        if (Json result = result_of(request.at("method"), request.value("params", Json::object()));
            !result.is_null())
            answer["result"] = std::move(result);
        else
            answer["error"] = {{"code", -32601}, {"message", "unknown method"}};
        std::cout << answer.dump() << std::endl;
    }
}
