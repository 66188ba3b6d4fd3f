// Which runs are abandoned, and when.
#include <gtest/gtest.h>

#include <thread>

#include "run/flights.hpp"

namespace hil::worker {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Claim claim(std::int64_t run_id, int attempt = 1) {
    Claim claim;
    claim.run_id = run_id;
    claim.attempt = attempt;
    return claim;
}

TEST(Flights, ARunThatIsNoLongerHeldIsAbandoned) {
    Flights flights;
    const FlightPtr kept = flights.add(claim(1));
    const FlightPtr lost = flights.add(claim(2));
    abandon_lost(flights.all(), {1});
    EXPECT_FALSE(kept->abandoned());
    EXPECT_TRUE(lost->abandoned());
}

// A run that was claimed after the leases were asked for is not in the answer, and must fly on.
TEST(Flights, ARunClaimedDuringTheRenewalFliesOn) {
    Flights flights;
    flights.add(claim(1));
    const auto asked = flights.all();
    const FlightPtr newer = flights.add(claim(2));
    abandon_lost(asked, {1});
    EXPECT_FALSE(newer->abandoned());
}

// A lease ran out unnoticed and this worker claimed the run again: the database would call the run held.
TEST(Flights, ANewAttemptAbandonsTheOlderOne) {
    Flights flights;
    const FlightPtr older = flights.add(claim(1, 1));
    const FlightPtr newer = flights.add(claim(1, 2));
    EXPECT_TRUE(older->abandoned());
    EXPECT_FALSE(newer->abandoned());
    flights.remove(older);
    EXPECT_EQ(flights.all(), std::vector<FlightPtr>{newer});
}

TEST(Flights, AbandoningEndsAPauseAtOnce) {
    Flight flight(claim(1));
    std::jthread waiting([&] { flight.pause(hours(1)); });
    flight.abandon();
    waiting.join();
    EXPECT_TRUE(flight.abandoned());
}

TEST(Flights, WaitsUntilTheLastIsGone) {
    Flights flights;
    const FlightPtr flight = flights.add(claim(1));
    EXPECT_FALSE(flights.wait_until_empty(milliseconds(0)));
    std::jthread ending([&] { flights.remove(flight); });
    EXPECT_TRUE(flights.wait_until_empty(hours(1)));
}

}  // namespace
}  // namespace hil::worker
