// Rendered texts where lists and numbers are meant.
#include <gtest/gtest.h>

#include "workflow/literal.hpp"

namespace hil::worker {
namespace {

TEST(Literal, ListsAsPythonAndJsonWriteThem) {
    EXPECT_EQ(typed_field("required_skills", " ['returns', 'order_management']\n"),
              Json::parse(R"(["returns", "order_management"])"));
    EXPECT_EQ(typed_field("required_skills", R"(["a, ]b", 'it\'s', "tab\t", 'é "x"',])"),
              Json::parse(R"(["a, ]b", "it's", "tab\t", "é \"x\""])"));
    EXPECT_EQ(typed_field("required_skills", "[]"), Json::array());
    EXPECT_EQ(typed_field("required_skills", "\n "), Json::array());
    EXPECT_EQ(typed_field("required_skills", " billing "), Json::array({"billing"}));
}

TEST(Literal, WhatIsNoListOfTextsStaysAText) {
    for (const char* text :
         {"[1, 2]", "['a' 'b']", "['a'", "['a', b]", "[__import__('os')]", "[['a']]", "['\\q']"})
        EXPECT_EQ(typed_field("required_skills", text), Json(text));
}

TEST(Literal, Priorities) {
    EXPECT_EQ(typed_field("priority", " 3\n"), 3);
    EXPECT_EQ(typed_field("priority", "11"), 11);
    for (const char* text : {"", "high", "3.5", "0x3", "99999999999999999999"})
        EXPECT_EQ(typed_field("priority", text), Json(text));
}

TEST(Literal, OtherFieldsStayTexts) {
    EXPECT_EQ(typed_field("response", "3"), Json("3"));
    EXPECT_EQ(typed_field("response", "['a']"), Json("['a']"));
}

}  // namespace
}  // namespace hil::worker
