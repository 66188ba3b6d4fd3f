// Names and patterns of tools.
#include <gtest/gtest.h>

#include <string>

#include "tools/result_text.hpp"
#include "tools/tool_name.hpp"
#include "workflow/tool_pattern.hpp"

namespace hil::worker {
namespace {

TEST(ToolPattern, StarsStandForAnyText) {
    EXPECT_TRUE(matches("shopify.*", "shopify.get_order"));
    EXPECT_TRUE(matches("shopify.*", "shopify."));
    EXPECT_TRUE(matches("shopify.*", "shopify.orders.get"));
    EXPECT_TRUE(matches("*", "anything.at.all"));
    EXPECT_TRUE(matches("*.get_*", "shopify.get_order"));
    EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
    EXPECT_TRUE(matches("gmail.send_email", "gmail.send_email"));
    EXPECT_FALSE(matches("shopify.*", "shopifyXget"));
    EXPECT_FALSE(matches("shopify.*", "my.shopify.get"));
    EXPECT_FALSE(matches("gmail.send_email", "gmail.send_emails"));
    EXPECT_FALSE(matches("a*b*c", "a-b-b"));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_FALSE(matches("shop?fy", "shopify")) << "only the star is special";
}

TEST(ToolPattern, ManyStarsTakeNoLongerThanAnyOther) {
    const std::string stars(60, '*');
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    EXPECT_FALSE(matches(pattern + "b", std::string(2'000, 'a')));
    EXPECT_TRUE(matches(stars, std::string(2'000, 'a')));
}

TEST(ToolPattern, TellsWhetherAServerIsNeeded) {
    EXPECT_TRUE(may_match_below("gmail.send_email", "gmail."));
    EXPECT_TRUE(may_match_below("gmail.*", "gmail."));
    EXPECT_TRUE(may_match_below("*", "gmail."));
    EXPECT_TRUE(may_match_below("*email", "gmail."));
    EXPECT_TRUE(may_match_below("g*.send", "gmail."));
    EXPECT_FALSE(may_match_below("shopify.*", "gmail."));
    EXPECT_FALSE(may_match_below("gmail", "gmail."));
    EXPECT_FALSE(may_match_below("gmai.send", "gmail."));
}

TEST(ToolName, PartsOfLettersDigitsUnderscoresAndHyphens) {
    for (const char* name : {"a", "shopify.get_order", "crm-2.find.by_id", "A.B"})
        EXPECT_TRUE(is_tool_name(name)) << name;
    for (const char* name : {"", ".", "a.", ".a", "a..b", "a b", "a/b", "ü", "a\nb"})
        EXPECT_FALSE(is_tool_name(name)) << name;
    EXPECT_FALSE(is_tool_name(std::string(129, 'a')));
}

TEST(ToolName, WhatIsBuiltInCannotBeTaken) {
    EXPECT_FALSE(is_tool_name("handover_to_human"));
    EXPECT_FALSE(is_tool_name("final_answer"));
}

TEST(ToolName, OnTheWireItFitsWhatApisTake) {
    EXPECT_EQ(wire_name("shopify.get_order"), "shopify__get_order");
    EXPECT_EQ(wire_name("a-b.c_d"), "a-b__c_d");
    EXPECT_EQ(wire_name("a b/c"), "a_b_c");
    const std::string long_name(100, 'a');
    EXPECT_EQ(wire_name(long_name).size(), 64U);
    EXPECT_NE(wire_name(long_name), wire_name(long_name + "b"));
    EXPECT_EQ(wire_name(std::string(64, 'a')), std::string(64, 'a'));
}

TEST(ToolResult, IsCutBetweenCharactersAndSaysSo) {
    EXPECT_EQ(result_text("short", 100), "short");
    EXPECT_EQ(result_text("ééé", 5), "éé\n[cut: only the first 4 of 6 bytes are shown]");
}

TEST(ToolResult, IsTextThatTheDatabaseTakes) {
    EXPECT_EQ(result_text(std::string("a\0b\xff", 4), 100), "a\uFFFDb\uFFFD");
}

}  // namespace
}  // namespace hil::worker
