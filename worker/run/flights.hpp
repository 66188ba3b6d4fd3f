// The runs that this worker holds at this moment.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "db/protocol.hpp"

namespace hil::worker {

// One claimed run on its way. Thread-safe.
class Flight {
  public:
    explicit Flight(Claim claim) : claim(std::move(claim)) {}

    const Claim claim;

    // The run is no longer this worker's, or the worker is ending: whoever executes it stops as soon as it
    // sees this.
    void abandon();
    const std::atomic<bool>& abandoned() const { return abandoned_; }

    // Waits for `delay`, or until the flight is abandoned.
    void pause(std::chrono::milliseconds delay);

  private:
    std::atomic<bool> abandoned_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
};

using FlightPtr = std::shared_ptr<Flight>;

// Thread-safe.
class Flights {
  public:
    // A run that is claimed again while an older attempt still flies: the older one is abandoned.
    FlightPtr add(Claim claim);
    void remove(const FlightPtr& flight);

    std::vector<FlightPtr> all() const;
    std::size_t size() const;
    void abandon_all();

    // Waits at most `limit` until none is left, and tells whether that is so.
    bool wait_until_empty(std::chrono::milliseconds limit);

  private:
    mutable std::mutex mutex_;
    std::condition_variable emptied_;
    std::vector<FlightPtr> flights_;
};

// Abandons those of `asked` whose run is not among `held`, what the database answered to the request to renew
// them.
void abandon_lost(const std::vector<FlightPtr>& asked, const std::vector<std::int64_t>& held);

}  // namespace hil::worker
