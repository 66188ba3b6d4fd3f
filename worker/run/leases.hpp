// Keeps the leases of the runs in flight.
#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "db/async_connection.hpp"
#include "run/flights.hpp"

namespace hil::worker {

// The one place where leases are renewed, for all runs in flight at once. Its connection stands before the
// first run is claimed: where the server has too few of them, runs wait and are not lost. Everything happens
// on the I/O thread.
class Leases {
  public:
    // `worker`: the name in the runs. `renewable_again` is called when leases can be renewed after they could
    // not.
    Leases(Threads& threads, const std::string& url, std::string worker, std::chrono::milliseconds lease,
           const Flights& flights, std::function<void()> renewable_again);

    // Renews until stop(); also ends a statement that waits then.
    Task<> keep();
    void stop();

    // Leases can be renewed, so runs may be claimed.
    bool renewable() const { return renewable_; }

    // Whoever ended another connection to the server ended this one, too: it is tried at once.
    void doubt();

  private:
    Task<> renew();

    AsyncConnection connection_;
    asio::steady_timer pause_;
    const std::string worker_;
    const std::chrono::milliseconds lease_;
    const Flights& flights_;
    std::function<void()> renewable_again_;
    bool renewable_ = false;
    bool failed_ = false;
    bool stopping_ = false;
};

}  // namespace hil::worker
