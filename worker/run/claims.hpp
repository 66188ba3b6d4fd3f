// Looks for due runs and claims as many as there is room for.
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "backoff.hpp"
#include "complaint.hpp"
#include "config/config.hpp"
#include "db/async_connection.hpp"
#include "run/flights.hpp"
#include "run/leases.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {

// The most that is asked for at once.
inline constexpr std::size_t max_claim = 100;

// Claims after a notification, when room was made while more runs were due, and at least every config.poll;
// calls hil_tick every config.tick. Everything happens on the I/O thread.
class Claims {
  public:
    Claims(Threads& threads, const Config& config, std::string worker, Leases& leases, Metrics& metrics,
           std::function<std::size_t()> room, std::function<void(RawClaim)> launch);

    // Works until stop(); also ends a statement that waits then.
    Task<> work();
    void stop();

    // Runs may come that the database has given away already, also after stop().
    bool claiming() const { return claiming_; }

    // There is more room, or leases can be renewed again.
    void wake() { connection_.wake(); }

  private:
    using Clock = std::chrono::steady_clock;

    Task<> round();
    Task<> connect();
    Task<> tick_if_due();
    Task<> claim_if_possible();
    bool may_claim() const;

    const Config& config_;
    const std::string worker_;
    Leases& leases_;
    Metrics& metrics_;
    std::function<std::size_t()> room_;
    std::function<void(RawClaim)> launch_;
    AsyncConnection connection_;
    asio::steady_timer pause_;
    bool stopping_ = false;
    bool claiming_ = false;
    bool more_ = true;        // runs may be due
    bool announced_ = false;  // that this connection claims
    Clock::time_point next_tick_, next_poll_, next_claim_;
    Complaint tick_complaint_{"hil_tick"};
    Complaint claim_complaint_{"claiming runs"};
    Backoff claim_backoff_;
};

}  // namespace hil::worker
