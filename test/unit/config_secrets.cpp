// Secrets come from the environment and get into no text for people.
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/secrets.hpp"

namespace hil::worker {
namespace {

TEST(Secrets, AreReadFromTheEnvironment) {
    setenv("HIL_TEST_KEY", "tulips-1893", 1);
    setenv("HIL_TEST_EMPTY", "", 1);
    EXPECT_EQ(secret("HIL_TEST_KEY"), "tulips-1893");
    EXPECT_FALSE(secret("HIL_TEST_EMPTY"));
    EXPECT_FALSE(secret("HIL_TEST_NOWHERE"));
}

TEST(Secrets, AreFilledIn) {
    setenv("HIL_TEST_KEY", "tulips-1893", 1);
    std::vector<std::string> missing;
    EXPECT_EQ(with_secrets("Bearer ${HIL_TEST_KEY}!", missing), "Bearer tulips-1893!");
    EXPECT_EQ(with_secrets("plain $ {} ${not a name} ${open", missing), "plain $ {} ${not a name} ${open");
    EXPECT_TRUE(missing.empty());
    EXPECT_EQ(with_secrets("${HIL_TEST_NOWHERE}", missing), "");
    EXPECT_EQ(missing, std::vector<std::string>{"HIL_TEST_NOWHERE"});
}

TEST(Secrets, AreTakenOutOfTexts) {
    setenv("HIL_TEST_SHORT", "rose-garden", 1);
    setenv("HIL_TEST_LONG", "rose-garden-path", 1);
    secret("HIL_TEST_SHORT");
    secret("HIL_TEST_LONG");
    EXPECT_EQ(redact("a rose-garden, a rose-garden-path"), "a [hidden], a [hidden]");
    EXPECT_EQ(redact("key sk-proj-abcdefghijkl_0123, risk-free-as-can-possibly-be, sk-8"),
              "key [hidden], risk-free-as-can-possibly-be, sk-8");
}

// A server says back the URL or the JSON that it was sent.
TEST(Secrets, AreTakenOutHoweverTheyWereSent) {
    setenv("HIL_TEST_KEY", "p/q+r \"kä\n==", 1);
    secret("HIL_TEST_KEY");
    EXPECT_EQ(redact("no such page: /a?key=p%2Fq%2Br%20%22k%C3%A4%0A%3D%3D&b=1"),
              "no such page: /a?key=[hidden]&b=1");
    EXPECT_EQ(redact(R"({"you_sent": "p/q+r \"kä\n=="})"), R"({"you_sent": "[hidden]"})");
    EXPECT_EQ(redact(R"({"you_sent": "p\/q+r \"kä\n=="})"), R"({"you_sent": "[hidden]"})");
}

TEST(Secrets, ShortOnesAreHiddenOnlyAsWords) {
    setenv("HIL_TEST_KEY", "lily", 1);
    secret("HIL_TEST_KEY");
    EXPECT_EQ(redact(R"({"lilypad_id": 5, "no_lily": 1, "name": "lily", "at": "you:lily@host"})"),
              R"({"lilypad_id": 5, "no_lily": 1, "name": "[hidden]", "at": "you:[hidden]@host"})");
    setenv("HIL_TEST_KEY", "lily-of-the-valley", 1);
    secret("HIL_TEST_KEY");
    EXPECT_EQ(redact("xlily-of-the-valleyx"), "x[hidden]x") << "a long one does not stand there by chance";
}

TEST(Secrets, WhatLooksLikeTheMarkIsHiddenOnce) {
    setenv("HIL_TEST_KEY", "hidden", 1);
    secret("HIL_TEST_KEY");
    setenv("HIL_TEST_KEY", "[hidden]", 1);
    secret("HIL_TEST_KEY");
    EXPECT_EQ(redact("hidden, [hidden], sk-abcdefghijklmnopq"), "[hidden], [hidden], [hidden]");
    EXPECT_EQ(redact(redact("a hidden key")), "a [hidden] key");
}

TEST(Secrets, AKeyIsNoNameOfAVariable) {
    EXPECT_TRUE(is_variable_name("OPENAI_API_KEY"));
    EXPECT_TRUE(is_variable_name("_k2"));
    for (const std::string& text : {std::string("sk-abcdef"), std::string(65, 'A'), std::string("2X"),
                                    std::string(), std::string("A B")})
        EXPECT_FALSE(is_variable_name(text)) << text;
}

}  // namespace
}  // namespace hil::worker
