// The Model Context Protocol's messages, as servers write them, well and badly.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tools/mcp/json_rpc.hpp"
#include "tools/mcp/messages.hpp"
#include "workflow/schema.hpp"

namespace hil::worker::mcp {
namespace {

TEST(McpJsonRpc, WritesWhatTheProtocolAsksFor) {
    EXPECT_EQ(
        Json::parse(request_text(7, "tools/list", {{"cursor", "x"}})),
        Json::parse(R"({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {"cursor": "x"}})"));
    EXPECT_EQ(Json::parse(notification_text("notifications/initialized", Json::object())),
              Json::parse(R"({"jsonrpc": "2.0", "method": "notifications/initialized"})"));
    EXPECT_EQ(request_text(1, "a", {{"text", "line\nline"}}).find('\n'), std::string::npos)
        << "a message is one line";
    EXPECT_NO_THROW(request_text(1, "a", {{"text", "\xff"}})) << "a model may write anything";
}

TEST(McpJsonRpc, ReadsRepliesRequestsAndNotifications) {
    const Message reply = read_messages(R"({"jsonrpc": "2.0", "id": 3, "result": {"a": 1}})").at(0);
    EXPECT_TRUE(reply.is_reply());
    EXPECT_EQ(reply.id, 3);
    EXPECT_EQ(reply.result, (Json{{"a", 1}}));
    EXPECT_FALSE(reply.error);

    const Message refusal =
        read_messages(R"({"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"no","data":[1]}})").at(0);
    ASSERT_TRUE(refusal.error);
    EXPECT_EQ(refusal.error->code, -32602);
    EXPECT_EQ(refusal.error->message, "no");
    EXPECT_EQ(refusal.error->data, Json::array({1}));

    const Message ping = read_messages(R"({"jsonrpc": "2.0", "id": "p", "method": "ping"})").at(0);
    EXPECT_TRUE(ping.is_request());
    EXPECT_EQ(Json::parse(reply_to(ping)), Json::parse(R"({"jsonrpc": "2.0", "id": "p", "result": {}})"));

    const Message roots = read_messages(R"({"jsonrpc": "2.0", "id": 0, "method": "roots/list"})").at(0);
    EXPECT_EQ(Json::parse(reply_to(roots))["error"]["code"], -32601);

    const Message change =
        read_messages(R"({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})").at(0);
    EXPECT_FALSE(change.is_reply());
    EXPECT_FALSE(change.is_request());
}

TEST(McpJsonRpc, TakesSeveralInAList) {
    EXPECT_EQ(
        read_messages(R"([{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","id":1,"result":{}}])").size(), 2U);
}

// The parser's own way to bound the depth looks at the whole list again for each object in it: minutes.
TEST(McpJsonRpc, AListOfManyObjectsIsReadAtOnce) {
    std::string text = R"({"jsonrpc": "2.0", "id": 1, "result": [{})";
    while (text.size() < 1'000'000) text += ",{}";
    const auto start = std::chrono::steady_clock::now();
    EXPECT_GT(read_messages(text + "]}").at(0).result.size(), 300'000U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(McpJsonRpc, TakesNoListOfThousands) {
    const std::string one = R"({"jsonrpc":"2.0","method":"a"})";
    std::string text = one;
    for (int i = 1; i < 1'000; ++i) text += "," + one;
    EXPECT_EQ(read_messages("[" + text + "]").size(), 1'000U);
    EXPECT_THROW(read_messages("[" + text + "," + one + "]"), BadMessage);
}

TEST(McpJsonRpc, RefusesWhatIsNoMessage) {
    const std::string deep = std::string(200, '[') + std::string(200, ']');
    for (const std::string& text :
         {std::string(""), std::string("hello"), std::string("{}"), std::string("7"), std::string("[7]"),
          std::string(R"({"jsonrpc": "1.0", "id": 1, "result": {}})"),
          std::string(R"({"jsonrpc": "2.0", "id": 1})"),
          std::string(R"({"jsonrpc": "2.0", "id": 1, "error": "bad"})"),
          R"({"jsonrpc": "2.0", "id": 1, "result": )" + deep + "}", std::string("{\"jsonrpc\": \"\xff\"}"),
          std::string(max_message_bytes + 1, ' ')})
        EXPECT_THROW(read_messages(text), BadMessage) << text.substr(0, 80);
}

TEST(McpMessages, TheHandshakeAgreesOnAVersion) {
    EXPECT_EQ(initialize_params()["protocolVersion"], "2025-11-25");
    EXPECT_EQ(initialize_params()["clientInfo"]["name"], "hil-worker");
    const Agreement server = read_initialize(Json::parse(
        R"({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": {"name": "x"}})"));
    EXPECT_EQ(server.version, "2024-11-05");
    EXPECT_TRUE(server.has_tools);
    EXPECT_FALSE(
        read_initialize(Json::parse(R"({"protocolVersion": "2025-06-18", "capabilities": {"prompts": {}}})"))
            .has_tools);
    EXPECT_THROW(read_initialize({{"protocolVersion", "1999-01-01"}}), BadServer);
    EXPECT_THROW(read_initialize({{"protocolVersion", 3}}), BadServer);
    EXPECT_THROW(read_initialize(Json()), BadServer);
}

TEST(McpMessages, WithoutAHandshakeEveryRequestSaysWhoAsks) {
    const Json params = stateless_params(call_params("act", Json::object(), "key"));
    EXPECT_EQ(params, Json::parse(R"({"name": "act", "arguments": {}, "_meta": {"hil/idempotency-key": "key",
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "hil-worker", "version": "0.1"}}})"));
    EXPECT_TRUE(takes_stateless({-32022, "", {{"supported", {"2026-07-28", "2027-01-01"}}}}));
    EXPECT_TRUE(takes_stateless({-32601, "no such method", Json()}));
    EXPECT_FALSE(takes_stateless({-32022, "", {{"supported", {"2027-01-01"}}}}));
}

TEST(McpMessages, PagesOfTools) {
    const ToolPage page = read_tool_page(Json::parse(R"({"tools": [
        {"name": "echo", "description": "Says it again", "inputSchema": {"type": "object"}},
        {"name": 7}, "junk", {"name": "bare"}], "nextCursor": "2"})"));
    ASSERT_EQ(page.tools.size(), 2U);
    EXPECT_EQ(page.tools[0].name, "echo");
    EXPECT_EQ(page.tools[0].description, "Says it again");
    EXPECT_EQ(page.tools[0].schema, (Json{{"type", "object"}}));
    EXPECT_EQ(page.tools[1].schema, Json::object());
    EXPECT_EQ(page.next, "2");
    EXPECT_FALSE(read_tool_page({{"tools", Json::array()}}).next);
    EXPECT_THROW(read_tool_page({{"tools", "none"}}), BadServer);
    EXPECT_THROW(read_tool_page(Json()), BadServer);
}

TEST(McpMessages, ACallCarriesItsKey) {
    EXPECT_EQ(call_params("send_email", {{"to", "a"}}, "hil-7-node-2"), Json::parse(R"({"name": "send_email",
        "arguments": {"to": "a"}, "_meta": {"hil/idempotency-key": "hil-7-node-2"}})"));
}

TEST(McpMessages, ResultsAreText) {
    const auto text_of = [](const char* json) { return read_call_result(Json::parse(json)).text; };
    EXPECT_EQ(text_of(R"({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})"),
              "a\nb");
    EXPECT_EQ(text_of(R"({"content": [{"type": "image", "mimeType": "image/png", "data": "AAAA"}]})"),
              "[image, image/png, 4 bytes]");
    EXPECT_EQ(text_of(R"({"content": [{"type": "resource_link", "uri": "file:///a"}]})"), "file:///a");
    EXPECT_EQ(text_of(R"({"content": [{"type": "resource", "resource": {"uri": "x", "text": "inside"}}]})"),
              "inside");
    EXPECT_EQ(text_of(R"({"content": [{"type": "resource", "resource": {"uri": "x", "blob": "AA"}}]})"),
              "[resource, x]");
    EXPECT_EQ(text_of(R"({"content": [], "structuredContent": {"a": 1}})"), R"({"a":1})");
    EXPECT_EQ(text_of(R"({"content": [{"type": "text", "text": "a"}], "structuredContent": {"a": 1}})"), "a");
    EXPECT_EQ(text_of(R"({"content": [7, {"type": "hologram"}]})"), "[content]\n[hologram]");
    EXPECT_EQ(text_of(R"({})"), "");
}

TEST(McpMessages, ResultsThatAreErrorsSaySo) {
    EXPECT_TRUE(read_call_result(Json::parse(R"({"content": [], "isError": true})")).is_error);
    EXPECT_FALSE(read_call_result(Json::parse(R"({"content": [], "isError": "yes"})")).is_error);
    EXPECT_TRUE(read_call_result(Json::parse(R"({"resultType": "input_required"})")).is_error);
    EXPECT_THROW(read_call_result(Json::array()), BadServer);
}

TEST(McpMessages, SchemasLoseWhatOnlyTheServerChecks) {
    const Json schema = Json::parse(R"({"type": "object", "properties": {
        "pattern": {"type": "string", "pattern": "^a+$"},
        "when": {"type": "string", "format": "date-time"},
        "mail": {"type": "string", "format": "email"},
        "list": {"type": "array", "items": {"type": "string", "pattern": "x"}},
        "one": {"enum": [{"pattern": "kept"}]}}})");
    EXPECT_EQ(checkable(schema), Json::parse(R"({"type": "object", "properties": {
        "pattern": {"type": "string"},
        "when": {"type": "string"},
        "mail": {"type": "string", "format": "email"},
        "list": {"type": "array", "items": {"type": "string"}},
        "one": {"enum": [{"pattern": "kept"}]}}})"));
    EXPECT_NO_THROW(OutputSchema{checkable(schema)});
}

}  // namespace
}  // namespace hil::worker::mcp
