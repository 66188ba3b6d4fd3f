// Guesses at what was meant: near enough to help, and none where nothing is near.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/spelling.hpp"

namespace hil {
namespace {

const std::vector<std::string> keys = {"concurrency", "lease_seconds", "prompt_template",
                                       "rules",       "tick_seconds",  "tools"};

TEST(Spelling, GuessesTheNearestName) {
    EXPECT_EQ(did_you_mean("concurency", keys), "; did you mean concurrency?");        // left out
    EXPECT_EQ(did_you_mean("lease_secondss", keys), "; did you mean lease_seconds?");  // added
    EXPECT_EQ(did_you_mean("tuols", keys), "; did you mean tools?");                   // changed
    EXPECT_EQ(did_you_mean("rulse", keys), "; did you mean rules?");                   // swapped
    EXPECT_EQ(did_you_mean("Tick-Seconds", keys), "; did you mean tick_seconds?");
    EXPECT_EQ(did_you_mean("prompt", keys), "; did you mean prompt_template?");
    EXPECT_EQ(did_you_mean("seconds", keys), "; did you mean tick_seconds?");
}

TEST(Spelling, DoesNotGuessAtRandom) {
    for (const char* word : {"", "x", "colour", "workflow", "rates"})
        EXPECT_EQ(did_you_mean(word, keys), "") << word;
    EXPECT_EQ(did_you_mean("b", std::vector<std::string>{"a"}), "");
    EXPECT_EQ(did_you_mean(std::string(1'000'000, 'r') + "ules", keys), "");
}

TEST(Spelling, CountsSlips) {
    EXPECT_EQ(slips("intent", "intent"), 0U);
    EXPECT_EQ(slips("INTENT", "intent"), 0U);
    EXPECT_EQ(slips("itnent", "intent"), 1U);  // two neighbours swapped are one slip
    EXPECT_EQ(slips("itnnet", "intent"), 2U);
}

}  // namespace
}  // namespace hil
