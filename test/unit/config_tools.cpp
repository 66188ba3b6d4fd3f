// Tools in the configuration.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "config/config.hpp"

namespace hil::worker {
namespace {

ToolsConfig tools_of(const std::string& yaml) {
    ConfigResult result = read_config(yaml, "");
    for (const Mistake& mistake : result.errors) ADD_FAILURE() << mistake.line << ": " << mistake.message;
    return result.config ? result.config->tools : ToolsConfig{};
}

// The mistakes, a line each.
std::string mistakes_of(const std::string& yaml) {
    std::string text;
    for (const Mistake& mistake : read_config(yaml, "").errors)
        text += std::to_string(mistake.line) + ": " + mistake.message + "\n";
    return text;
}

TEST(ConfigTools, AnHttpTool) {
    const ToolsConfig tools = tools_of(R"(
tools:
  shopify.get_order:
    kind: http
    description: "Looks up an order."
    url: "https://shop.example.com/orders/{order_id}.json"
    query: {fields: "id", expand: "{expand}", key: "${SHOP_KEY}"}
    headers: {X-Shop-Token: "${SHOP_TOKEN}"}
    parameters: {type: object, properties: {order_id: {type: string}, expand: {type: string}}, required: [order_id]}
    timeout_seconds: 5
    max_result_bytes: 1000
    allow_private: ["127.0.0.0/8"]
)");
    ASSERT_EQ(tools.http.size(), 1U);
    const HttpToolConfig& tool = tools.http[0];
    EXPECT_EQ(tool.name, "shopify.get_order");
    EXPECT_EQ(tool.method, "GET");
    EXPECT_FALSE(tool.sends_body);
    EXPECT_EQ(tool.retries, 2);
    EXPECT_EQ(tool.timeout.count(), 5000);
    EXPECT_EQ(tool.idempotency_header, "Idempotency-Key");
    EXPECT_EQ(tools.names(), std::vector<std::string>{"shopify.get_order"});
}

TEST(ConfigTools, WhatWritesIsNotRepeatedUnlessItIsSaid) {
    const ToolsConfig tools = tools_of(R"(
tools:
  a: {kind: http, description: d, method: POST, url: "https://a.example.com/"}
  b: {kind: http, description: d, method: DELETE, url: "https://a.example.com/", retries: 1, body: rest}
)");
    EXPECT_TRUE(tools.http[0].sends_body);
    EXPECT_EQ(tools.http[0].retries, 0);
    EXPECT_TRUE(tools.http[1].sends_body);
    EXPECT_EQ(tools.http[1].retries, 1);
}

TEST(ConfigTools, AnSqlToolReadsUnlessItIsSaid) {
    const ToolsConfig tools = tools_of(R"(
sql_tool_connections: 3
tools:
  shop.refund: {kind: sql, description: d, function: shop.refund, read_only: false}
  shop.look: {kind: sql, description: d, function: shop.look}
)");
    ASSERT_EQ(tools.sql.size(), 2U);
    EXPECT_EQ(tools.sql_connections, 3);
    EXPECT_EQ(tools.sql[0].name, "shop.look");
    EXPECT_TRUE(tools.sql[0].read_only);
    EXPECT_FALSE(tools.sql[1].read_only);
    EXPECT_EQ(tools.sql[1].function, "shop.refund");
}

TEST(ConfigTools, McpServers) {
    const ToolsConfig tools = tools_of(R"(
mcp_servers:
  gmail: {command: [node, gmail.js], env: [GMAIL_TOKEN], tools: [send_email], timeout_seconds: 3}
  web: {url: "https://mcp.example.com/mcp", headers: {Authorization: "Bearer ${MCP_TOKEN}"}}
)");
    ASSERT_EQ(tools.servers.size(), 2U);
    EXPECT_EQ(tools.servers[0].command, (std::vector<std::string>{"node", "gmail.js"}));
    EXPECT_EQ(tools.servers[0].timeout.count(), 3000);
    EXPECT_EQ(tools.servers[1].url, "https://mcp.example.com/mcp");
    EXPECT_EQ(tools.names(), (std::vector<std::string>{"gmail.*", "web.*"}));
}

TEST(ConfigTools, EveryMistakeIsToldWithItsLine) {
    const std::string mistakes = mistakes_of(R"(tools:
  handover_to_human: {kind: http}
  nothing: {description: d}
  bare: {kind: http}
  path: {kind: http, description: d, url: "https://a.example.com/{id}"}
  host: {kind: http, description: d, url: "https://{host}/"}
  file: {kind: http, description: d, url: "file:///etc/passwd"}
  header: {kind: http, description: d, url: "https://a.example.com/", headers: {Host: x, "a b": x}}
  schema: {kind: http, description: d, url: "https://a.example.com/", parameters: {order_id: string}}
  sql: {kind: sql, description: d, function: "refund"}
  net: {kind: http, description: d, url: "https://a.example.com/", allow_private: ["10.0.0.0/40"]}
  big: {kind: sql, description: d, function: a.b, max_result_bytes: 1}
mcp_servers:
  both: {command: [a], url: "https://a.example.com/"}
  neither: {}
  env: {command: [a], env: ["sk-12345678"]}
)");
    for (const char* part :
         {"2: a tool's name", "3: a tool has `kind", "4: `description` is missing", "4: `url` is missing",
          "5: {id} is no property", "6: ", "7: ", "8: the header Host",
          "8: this cannot be the name of a header", "9: the parameters of a tool",
          "10: expected SCHEMA.FUNCTION", "11: expected a network", "12: expected an integer from 256",
          "14: a server has either", "15: a server has either", "16: name the variable"})
        EXPECT_NE(mistakes.find(part), std::string::npos) << part << " is not in\n" << mistakes;
    EXPECT_EQ(mistakes.find("sk-1234"), std::string::npos) << "what may be a key is not repeated";
}

TEST(ConfigTools, NamesThatModelsCannotTellApart) {
    const std::string mistakes = mistakes_of(R"(tools:
  a.b: {kind: sql, description: d, function: a.b}
  a__b: {kind: sql, description: d, function: a.b}
  gmail.send: {kind: sql, description: d, function: a.b}
mcp_servers:
  gmail: {command: [a]}
)");
    EXPECT_NE(mistakes.find("3: models cannot tell this name from a.b"), std::string::npos) << mistakes;
    EXPECT_NE(mistakes.find("4: names that begin with gmail."), std::string::npos) << mistakes;
}

TEST(ConfigTools, NoTwoServersHaveToolsOfOneName) {
    const std::string mistakes = mistakes_of(R"(mcp_servers:
  crm: {command: [a]}
  crm.eu: {command: [a]}
  crm__us: {command: [a]}
  crm_: {command: [a]}
  crm2: {command: [a]}
  gmail: {command: [a]}
tools:
  gmail__send: {kind: sql, description: d, function: a.b}
)");
    EXPECT_NE(mistakes.find("3: the tools of this server could have the names of those of crm"),
              std::string::npos)
        << mistakes;
    EXPECT_NE(mistakes.find("4: the tools of"), std::string::npos) << mistakes;
    EXPECT_NE(mistakes.find("5: the tools of"), std::string::npos) << "crm_.x and crm._x: " << mistakes;
    EXPECT_EQ(mistakes.find("6: "), std::string::npos) << mistakes;
    EXPECT_NE(mistakes.find("9: names that begin with gmail."), std::string::npos) << mistakes;
}

}  // namespace
}  // namespace hil::worker
