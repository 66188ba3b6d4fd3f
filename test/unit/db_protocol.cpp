// What is made of a failure before it goes to the database.
#include <gtest/gtest.h>

#include <string>

#include "db/protocol.hpp"

namespace hil::worker {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(ErrorText, GoodTextsStayAsTheyAre) {
    EXPECT_EQ(error_text("node a: 2 × größer"), "node a: 2 × größer");
    EXPECT_EQ(error_text(""), "");
}

TEST(ErrorText, WhatTheDatabaseRefusesIsReplaced) {
    EXPECT_EQ(error_text("caf\xE9 closed"), "caf\uFFFD closed");
    EXPECT_EQ(error_text(std::string("a\0b", 3)), "a\uFFFDb");
    EXPECT_EQ(error_text("half \xC3"), "half \uFFFD");
    EXPECT_EQ(error_text("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
}

TEST(ErrorText, LongTextsAreCutBetweenCharacters) {
    // Three bytes each, so that some cut would fall into every place within a character.
    for (const char* start : {"", "a", "ab"}) {
        std::string text = start;
        while (text.size() < 1'000'000) text += "€";
        const std::string cut = error_text(text);
        EXPECT_LE(cut.size(), max_error_bytes);
        EXPECT_GE(cut.size(), max_error_bytes - 3);
        ASSERT_TRUE(cut.ends_with("…"));
        EXPECT_TRUE(text.starts_with(cut.substr(0, cut.size() - 3)));
        EXPECT_EQ(error_text(cut), cut);
    }
}

TEST(RetrySeconds, AreWithinADay) {
    EXPECT_EQ(retry_seconds(milliseconds(1500)), 1.5);
    EXPECT_EQ(retry_seconds(hours(100)), 86400);
    EXPECT_EQ(retry_seconds(milliseconds(-1)), 0);
}

}  // namespace
}  // namespace hil::worker
