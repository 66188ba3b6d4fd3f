#include <gtest/gtest.h>

#include "llm/prices.hpp"

namespace hil::worker {
namespace {

TEST(LlmPrices, CountEachKindOfTokenOnce) {
    // 400 plain, 500 read from the cache, 100 written to it, 200 out.
    const Usage usage{1000, 200, 500, 100};
    EXPECT_DOUBLE_EQ(cost_of(usage, {3, 15, 0.3, 3.75}), (400 * 3 + 500 * 0.3 + 100 * 3.75 + 200 * 15) / 1e6);
    EXPECT_DOUBLE_EQ(cost_of(usage, {3, 15, {}, {}}), (1000 * 3 + 200 * 15) / 1e6);
    EXPECT_DOUBLE_EQ(cost_of(usage, {3, 15, 0, 0}), (400 * 3 + 200 * 15) / 1e6);
    EXPECT_DOUBLE_EQ(cost_of({10, 0, 50, 0}, {1, 1, 0, 0}), 0) << "more from the cache than there was";
}

}  // namespace
}  // namespace hil::worker
