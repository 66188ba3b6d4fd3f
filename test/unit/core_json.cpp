#include <string>

#include "core/json.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

Refusal refused(const std::string& text) {
    Refusal refusal = refusal_of([&] { parse_json(text, "definition"); });
    EXPECT_EQ(refusal.reason(), Reason::invalid_argument);
    EXPECT_TRUE(says(refusal.what(), "definition")) << "the argument is named";
    EXPECT_LT(std::string(refusal.what()).size() + refusal.detail().size(), 200u)
        << "the input is not echoed";
    return refusal;
}

TEST(Json, ReadsWhatItIsGiven) {
    EXPECT_EQ(parse_json(R"({"a": [1, 2.5, "x", true, null]})", "definition"),
              (Json{{"a", {1, 2.5, "x", true, nullptr}}}));
}

TEST(Json, DepthOf64IsAllowedAnd65IsNot) {
    EXPECT_NO_THROW(parse_json(nested(64), "definition"));
    EXPECT_TRUE(says(refused(nested(65)).what(), "at most 64 levels, got 65"));
}

TEST(Json, ListsAndObjectsCountAlike) {
    std::string opening;
    std::string closing;
    for (int i = 0; i < 32; ++i) {
        opening += "[{\"a\":";
        closing += "}]";
    }
    const std::string text = opening + "1" + closing;
    EXPECT_NO_THROW(parse_json(text, "definition"));
    EXPECT_TRUE(says(refused("[" + text + "]").what(), "got 65"));
}

TEST(Json, HostileDepthIsRefusedBeforeItIsParsed) {
    EXPECT_TRUE(says(refused(nested(10'000)).what(), "got 10000"));
    EXPECT_TRUE(says(refused(std::string(1'000'000, '[')).what(), "got 1000000"));
    EXPECT_TRUE(says(refused(std::string(1'000'000, '{')).what(), "got 1000000"));
}

TEST(Json, SiblingsDoNotAddUp) {
    std::string text = "[";
    for (int i = 0; i < 1000; ++i) text += "[[]],";
    EXPECT_NO_THROW(parse_json(text + "{}]", "definition"));
}

TEST(Json, BracketsInsideStringsDoNotCount) {
    const std::string brackets(1000, '[');
    EXPECT_EQ(parse_json("\"" + brackets + "\"", "definition"), brackets);
    EXPECT_EQ(parse_json("{\"" + brackets + "\": 1}", "definition"), (Json{{brackets, 1}}));
}

TEST(Json, EscapedQuotesDoNotEndAString) {
    const std::string brackets(1000, '[');
    EXPECT_EQ(parse_json("\"\\\"" + brackets + "\"", "definition"), "\"" + brackets);
    // An escaped backslash before a quote does not escape the quote: the brackets after it count.
    EXPECT_TRUE(says(refused("[\"\\\\\"," + nested(64) + "]").what(), "got 65"));
}

TEST(Json, SizeIsLimited) {
    const std::string most = "\"" + std::string(max_json_bytes - 2, 'x') + "\"";
    EXPECT_NO_THROW(parse_json(most, "definition"));
    EXPECT_TRUE(says(refused(most + " ").what(), "at most 1048576 bytes, got 1048577"));
}

TEST(Json, WhatIsNoJsonIsRefusedWithItsPlace) {
    EXPECT_TRUE(says(refused(R"({"a": 1,})").what(), "not valid JSON"));
    EXPECT_TRUE(says(refused(R"({"a": 1,})").detail(), "byte 9"));
    refused("");
    refused("[1] [2]");
    refused("[1");
    refused("]");
    refused("{'a': 1}");
    refused("NaN");
    refused("\"\xff\xfe\"");
    refused("\"" + std::string(100'000, 'x'));
}

TEST(Json, NumbersBeyondTheDoublesAreRefused) {
    EXPECT_TRUE(says(refused("1e400").what(), "number"));
    EXPECT_EQ(parse_json("1e300", "definition"), 1e300);
}

}  // namespace
}  // namespace hil
