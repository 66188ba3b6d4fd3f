// The runs that this worker holds at this moment.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "db/protocol.hpp"

namespace hil::worker {

// One claimed run on its way, on a strand of its own.
class Flight : public std::enable_shared_from_this<Flight> {
  public:
    Flight(RawClaim claim, asio::any_io_executor strand) : raw(std::move(claim)), strand(std::move(strand)) {}

    const RawClaim raw;
    const asio::any_io_executor strand;

    // The run is no longer this worker's, or the worker is ending: whatever it waits for is cancelled, and
    // nothing more is done for it. Any thread.
    void abandon();
    bool abandoned() const { return abandoned_; }

    // One of its steps waits for a tool, or no longer. Any thread.
    void note_call(bool waits) { calls_ += waits ? 1 : -1; }
    bool is_in_call() const { return calls_ > 0; }

    // What the run's coroutine is bound to when it is started.
    asio::cancellation_slot slot() { return signal_.slot(); }

  private:
    std::atomic<bool> abandoned_{false};
    std::atomic<int> calls_{0};  // of tools, that have no answer yet
    asio::cancellation_signal signal_;
};

using FlightPtr = std::shared_ptr<Flight>;

// Belongs to one thread.
class Flights {
  public:
    // A run that is claimed again while an older attempt still flies: the older one is abandoned.
    void add(const FlightPtr& flight);
    void remove(const FlightPtr& flight) { std::erase(flights_, flight); }

    const std::vector<FlightPtr>& all() const { return flights_; }
    std::size_t size() const { return flights_.size(); }
    void abandon_all() const;

  private:
    std::vector<FlightPtr> flights_;
};

// Abandons those of `asked` whose run is not among `held`, what the database answered to the request to renew
// them.
void abandon_lost(const std::vector<FlightPtr>& asked, const std::vector<std::int64_t>& held);

}  // namespace hil::worker
