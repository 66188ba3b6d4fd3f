// Delays grow, stay within their range, and start anew after a success.
#include <gtest/gtest.h>

#include <vector>

#include "backoff.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToTheLongest) {
    Backoff backoff(milliseconds(100), milliseconds(450));
    for (const int range : {100, 200, 400, 450, 450}) {
        const milliseconds delay = backoff.next();
        EXPECT_GE(delay, milliseconds(range / 2));
        EXPECT_LE(delay, milliseconds(range));
    }
}

TEST(Backoff, StartsAnewAfterReset) {
    Backoff backoff(milliseconds(10), milliseconds(10'000));
    for (int i = 0; i < 12; ++i) backoff.next();
    backoff.reset();
    EXPECT_LE(backoff.next(), milliseconds(10));
}

}  // namespace
}  // namespace hil::worker
