// WaitingRoom to wait in, and when those come back that found none.
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "llm/waiting_room.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LlmWaitingRoom, AreSoManyAndComeBack) {
    WaitingRoom room(2);
    std::optional<WaitingRoom::Held> first = room.take();
    const WaitingRoom::Held second = room.take();
    EXPECT_TRUE(first->granted());
    EXPECT_TRUE(second.granted());
    EXPECT_FALSE(room.take().granted());
    EXPECT_FALSE(room.take().granted()) << "one that was not granted gives none back";
    first.reset();
    EXPECT_TRUE(room.take().granted());
}

TEST(LlmWaitingRoom, ThoseWhoFoundNoneComeBackOneAfterTheOther) {
    WaitingRoom room(0);
    const WaitingRoom::Clock::time_point now{seconds(1000)};
    std::set<milliseconds> times;
    for (int i = 0; i < 5000; ++i) times.insert(room.away(now, seconds(20)));
    EXPECT_EQ(times.size(), 5000U);
    EXPECT_GE(*times.begin(), seconds(20));
    EXPECT_LE(*times.rbegin(), seconds(80));
    for (int i = 0; i < 5000; ++i) times.insert(room.away(now, seconds(20)));
    EXPECT_LE(*times.rbegin(), seconds(80) + milliseconds(10)) << "however many they are";
}

TEST(LlmWaitingRoom, NobodyComesBackBeforeTheTime) {
    WaitingRoom room(0);
    const WaitingRoom::Clock::time_point now{seconds(1000)};
    EXPECT_EQ(room.away(now, milliseconds(0)), seconds(5));
    EXPECT_EQ(room.away(now, seconds(30)), seconds(30));
    EXPECT_GE(room.away(now + seconds(300), milliseconds(1)), seconds(5))
        << "a line of long ago is forgotten";
}

}  // namespace
}  // namespace hil::worker
