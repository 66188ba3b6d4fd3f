// Which runs are abandoned, and when.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "run/flights.hpp"
#include "task_support.hpp"

namespace hil::worker {
namespace {

class FlightsTest : public testing::Test {
  protected:
    FlightPtr flight(std::int64_t run_id, int attempt = 1) {
        RawClaim claim;
        claim.claim.run_id = run_id;
        claim.claim.attempt = attempt;
        return std::make_shared<Flight>(std::move(claim), threads.new_strand());
    }
    FlightPtr added(std::int64_t run_id, int attempt = 1) {
        FlightPtr added = flight(run_id, attempt);
        flights.add(added);
        return added;
    }

    Threads threads{1};
    Flights flights;
};

Task<> wait_for_ever(asio::io_context& io) {
    asio::steady_timer timer(io, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

TEST_F(FlightsTest, ARunThatIsNoLongerHeldIsAbandoned) {
    const FlightPtr kept = added(1);
    const FlightPtr lost = added(2);
    abandon_lost(flights.all(), {1});
    EXPECT_FALSE(kept->abandoned());
    EXPECT_TRUE(lost->abandoned());
}

// A run that was claimed after the leases were asked for is not in the answer, and must fly on.
TEST_F(FlightsTest, ARunClaimedDuringTheRenewalFliesOn) {
    added(1);
    const std::vector<FlightPtr> asked = flights.all();
    const FlightPtr newer = added(2);
    abandon_lost(asked, {1});
    EXPECT_FALSE(newer->abandoned());
}

// A lease ran out unnoticed and this worker claimed the run again: the database would call the run held.
TEST_F(FlightsTest, ANewAttemptAbandonsTheOlderOne) {
    const FlightPtr older = added(1, 1);
    const FlightPtr newer = added(1, 2);
    EXPECT_TRUE(older->abandoned());
    EXPECT_FALSE(newer->abandoned());
    flights.remove(older);
    EXPECT_EQ(flights.all(), std::vector<FlightPtr>{newer});
}

TEST_F(FlightsTest, AbandoningEndsWhatTheRunWaitsFor) {
    const FlightPtr waiting = flight(1);
    std::exception_ptr error;
    asio::co_spawn(waiting->strand, wait_for_ever(threads.io()),
                   asio::bind_cancellation_slot(waiting->slot(), [&](std::exception_ptr thrown) {
                       error = thrown;
                       threads.stop();
                   }));
    waiting->abandon();
    threads.run();
    EXPECT_TRUE(error);
}

}  // namespace
}  // namespace hil::worker
