// The limits of a run.
#include <gtest/gtest.h>

#include "step/spending.hpp"
#include "step/step.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

class StepSpending : public testing::Test {
  protected:
    // The reason and context of the limit that is reached, or "".
    std::string reached(const Spending& spending, bool tool = false, milliseconds later = milliseconds(0)) {
        try {
            tool ? spending.require_tool_call(start + later) : spending.require_model_call(start + later);
        } catch (const LimitReached& error) {
            return std::string(error.what()) + " " + error.context.dump();
        }
        return "";
    }

    Limits limits;
    Spending::Clock::time_point start{std::chrono::seconds(100)};
};

TEST_F(StepSpending, CountsWhatEarlierAttemptsSpent) {
    Spending spending(
        limits, {{"input_tokens", 150'000}, {"output_tokens", 49'000}, {"cost_usd", 0.5}, {"calls", 49}},
        start);
    EXPECT_EQ(reached(spending), "");
    EXPECT_EQ(reached(spending, true), "");
    spending.add({900, 100, 0, 0, 0});
    EXPECT_EQ(reached(spending),
              R"(The AI's token limit was reached {"allowed":200000,"limit":"tokens","reached":200000})");
    EXPECT_EQ(reached(spending, true), reached(spending));
}

TEST_F(StepSpending, KnowsEachLimit) {
    Spending costly(limits, Json(), start);
    costly.add({1, 1, 0, 0, 1.25});
    EXPECT_EQ(reached(costly),
              R"(The AI's cost limit was reached {"allowed":1.0,"limit":"cost_usd","reached":1.25})");
    Spending busy(limits, Json::object(), start);
    for (int i = 0; i < 50; ++i) busy.add_call();
    EXPECT_EQ(reached(busy), "");
    EXPECT_EQ(reached(busy, true),
              R"(The AI's tool call limit was reached {"allowed":50,"limit":"tool_calls","reached":50})");
    const Spending slow(limits, Json(), start);
    EXPECT_EQ(reached(slow, false, milliseconds(299'999)), "");
    EXPECT_EQ(
        reached(slow, false, milliseconds(300'000)),
        R"(The AI's time for one answer was used up {"allowed":300.0,"limit":"wall_seconds","reached":300.0})");
}

TEST_F(StepSpending, NoCallsAtAllCanBeAllowed) {
    limits.tool_calls = 0;
    const Spending spending(limits, Json(), start);
    EXPECT_NE(reached(spending, true), "");
    EXPECT_EQ(reached(spending), "");
}

}  // namespace
}  // namespace hil::worker
