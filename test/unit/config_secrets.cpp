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

TEST(Secrets, AKeyIsNoNameOfAVariable) {
    EXPECT_TRUE(is_variable_name("OPENAI_API_KEY"));
    EXPECT_TRUE(is_variable_name("_k2"));
    for (const std::string& text : {std::string("sk-abcdef"), std::string(65, 'A'), std::string("2X"),
                                    std::string(), std::string("A B")})
        EXPECT_FALSE(is_variable_name(text)) << text;
}

}  // namespace
}  // namespace hil::worker
