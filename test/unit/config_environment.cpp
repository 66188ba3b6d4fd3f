// What the configuration needs of the environment, said before anybody misses it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/environment.hpp"

namespace hil::worker {
namespace {

std::vector<std::string> unset(const std::string& yaml) {
    ConfigResult result = read_config(yaml, "");
    for (const Mistake& error : result.errors) ADD_FAILURE() << error.message;
    std::vector<std::string> found;
    if (result.config)
        for (const UnsetVariable& variable : unset_variables(*result.config))
            found.push_back((variable.stops ? "stops: " : "warns: ") + variable.message);
    return found;
}

TEST(Environment, VariablesThatAreNotSetAreNamedWithWhoNeedsThem) {
    setenv("HIL_TEST_SET", "value", 1);
    setenv("HIL_TEST_EMPTY", "", 1);
    EXPECT_EQ(unset(R"(
providers:
  p: {kind: anthropic, api_key_env: HIL_TEST_UNSET_1, query: {q: "${HIL_TEST_UNSET_2}"},
      headers: {X-A: "${HIL_TEST_SET}", X-B: "${HIL_TEST_UNSET_1}${HIL_TEST_EMPTY}"}}
tools:
  shop.find: {kind: http, description: d, url: "https://a.example/", headers: {X-T: "Bearer ${HIL_TEST_UNSET_3}"}}
mcp_servers:
  crm: {url: "https://b.example/mcp", headers: {X-T: "${HIL_TEST_UNSET_4}"}}
)"),
              (std::vector<std::string>{
                  "stops: the environment does not have HIL_TEST_UNSET_1, which the provider p needs",
                  "stops: the environment does not have HIL_TEST_EMPTY, which the provider p needs",
                  "stops: the environment does not have HIL_TEST_UNSET_2, which the provider p needs",
                  "stops: the environment does not have HIL_TEST_UNSET_3, which the tool shop.find needs",
                  "stops: the environment does not have HIL_TEST_UNSET_4, which the MCP server crm needs"}));
}

TEST(Environment, WhatAProgramMayDoWithoutIsAWarning) {
    setenv("HIL_TEST_SET", "value", 1);
    EXPECT_EQ(
        unset(R"(
mcp_servers:
  gmail:
    command: [node, server.js, "--key=${HIL_TEST_SET}", "${HIL_TEST_UNSET_1}", "${HOME}/mail"]
    env: [HIL_TEST_UNSET_1]
)"),
        (std::vector<std::string>{
            "warns: the environment does not have HIL_TEST_UNSET_1, which the MCP server gmail is to get",
            "warns: the command of the MCP server gmail has ${HIL_TEST_SET}, which hil does not replace; "
            "a program gets a variable that `env` names"}));
}

// It is sent as it stands there.
TEST(Environment, WithoutItsClosingBraceItNamesNoVariable) {
    EXPECT_EQ(unset(R"(
mcp_servers:
  crm: {url: "https://b.example/mcp", headers: {X-T: "${HIL_TEST_UNSET_1} and ${HIL_TEST_UNSET_2"}}
)"),
              std::vector<std::string>{
                  "stops: the environment does not have HIL_TEST_UNSET_1, which the MCP server crm needs"});
}

}  // namespace
}  // namespace hil::worker
