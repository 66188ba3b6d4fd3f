// How long a server asks to be left alone, in every way to say it.
#include <gtest/gtest.h>

#include "http/retry_after.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> after(std::optional<std::string> ms, std::optional<std::string> value) {
    // Sun, 06 Nov 1994 08:49:37 GMT
    return retry_after(ms, value, std::chrono::system_clock::from_time_t(784111777));
}

TEST(HttpRetryAfter, ReadsSecondsMillisecondsAndDates) {
    EXPECT_EQ(after({}, "7"), milliseconds(7000));
    EXPECT_EQ(after({}, " 0.25 "), milliseconds(250));
    EXPECT_EQ(after("1500", "7"), milliseconds(1500));
    EXPECT_EQ(after("soon", "7"), milliseconds(7000));
    EXPECT_EQ(after({}, "Sun, 06 Nov 1994 08:50:07 GMT"), milliseconds(30'000));
    EXPECT_EQ(after({}, "Sunday, 06-Nov-94 08:50:07 GMT"), milliseconds(30'000));
}

TEST(HttpRetryAfter, StaysWithinReason) {
    EXPECT_EQ(after({}, "-5"), milliseconds(0));
    EXPECT_EQ(after({}, "1e300"), milliseconds(86'400'000));
    EXPECT_EQ(after({}, "inf"), milliseconds(86'400'000));
    EXPECT_EQ(after({}, "Sun, 06 Nov 1994 08:00:00 GMT"), milliseconds(0));
    EXPECT_EQ(after({}, "Mon, 06 Nov 2000 08:00:00 GMT"), milliseconds(86'400'000));
}

TEST(HttpRetryAfter, SaysNothingWhereThereIsNothingToRead) {
    EXPECT_EQ(after({}, {}), std::nullopt);
    EXPECT_EQ(after({}, ""), std::nullopt);
    EXPECT_EQ(after({}, "soon"), std::nullopt);
    EXPECT_EQ(after({}, "nan"), std::nullopt);
    EXPECT_EQ(after("", {}), std::nullopt);
}

}  // namespace
}  // namespace hil::worker
