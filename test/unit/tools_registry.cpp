// What the tools of a configuration bring with them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "config/secrets.hpp"
#include "http/curl_client.hpp"
#include "tools/registry.hpp"

namespace hil::worker {
namespace {

// Makes tools with a server whose program gets these variables.
void give(const std::vector<std::string>& variables) {
    ToolsConfig config;
    config.servers.emplace_back();
    config.servers.back().name = "shop";
    config.servers.back().command = {"true"};
    config.servers.back().env = variables;
    Threads threads(1);
    CurlClient client(threads, 1);
    make_tools(config, "", threads, client);
}

TEST(ToolRegistry, WhatAProgramGetsIsHiddenWhereItCanBeASecret) {
    setenv("HIL_TEST_TOKEN", "Zq8mW3vK", 1);
    setenv("HIL_TEST_DEBUG", "true", 1);
    setenv("HIL_TEST_REGION", "eastern", 1);
    setenv("HIL_TEST_LIMIT", "86400000", 1);
    setenv("HIL_TEST_SHARE", "-0.000125", 1);
    setenv("HIL_TEST_HUGE", "1e4000000", 1);
    give({"HIL_TEST_TOKEN", "HIL_TEST_DEBUG", "HIL_TEST_REGION", "HIL_TEST_LIMIT", "HIL_TEST_SHARE",
          "HIL_TEST_HUGE", "HIL_TEST_UNSET"});
    EXPECT_EQ(redact(R"({"ok": true, "at": "eastern", "ms": 86400000, "x": -0.000125, "y": 1e4000000})"),
              R"({"ok": true, "at": "eastern", "ms": 86400000, "x": -0.000125, "y": 1e4000000})");
    EXPECT_EQ(redact("the token Zq8mW3vK"), "the token [hidden]");
}

// Whoever names it there says that it is one.
TEST(ToolRegistry, AShortSecretIsHiddenWhereItIsFilledIn) {
    setenv("HIL_TEST_PIN", "7391", 1);
    give({"HIL_TEST_PIN"});
    EXPECT_EQ(redact("order 7391"), "order 7391");
    std::vector<std::string> missing;
    EXPECT_EQ(with_secrets("PIN ${HIL_TEST_PIN}", missing), "PIN 7391");
    EXPECT_EQ(redact("order 7391"), "order [hidden]");
}

}  // namespace
}  // namespace hil::worker
