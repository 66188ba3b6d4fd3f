#include "run/leases.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "backoff.hpp"
#include "complaint.hpp"

namespace hil::worker {

using std::chrono::milliseconds;

namespace {

// A renewal takes moments. One that hangs has to be given up, and another to come through on a new
// connection, before the leases are over.
milliseconds renewal_limit(milliseconds lease) {
    return std::min<milliseconds>(lease / 2, milliseconds(5'000));
}

}  // namespace

Leases::Leases(Threads& threads, const std::string& url, std::string worker, milliseconds lease,
               const Flights& flights, std::function<void()> renewable_again)
    : connection_(threads, url, Threads::Helper::leases),
      pause_(threads.io()),
      worker_(std::move(worker)),
      lease_(lease),
      flights_(flights),
      renewable_again_(std::move(renewable_again)) {}

void Leases::stop() {
    stopping_ = true;
    connection_.interrupt();
    pause_.cancel();
}

void Leases::doubt() {
    renewable_ = false;
    if (!failed_) pause_.cancel();
}

Task<> Leases::keep() {
    Backoff backoff;
    Complaint complaint("renewing leases");
    while (!stopping_) {
        milliseconds delay = lease_ / 3;
        try {
            co_await renew();
            failed_ = false;
            backoff.reset();
            complaint.is_over();
        } catch (const std::exception& error) {
            failed_ = true;
            delay = std::min(delay, backoff.next());
            complaint.is(
                fmt::format(
                    "leases could not be renewed, and no runs are claimed until they can; next try in "
                    "{} ms: ",
                    delay.count()),
                error.what());
        }
        const bool again = !failed_ && !renewable_;
        renewable_ = !failed_;
        if (stopping_) break;
        pause_.expires_after(delay);
        if (again) renewable_again_();
        std::error_code woken;
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    connection_.close();
}

Task<> Leases::renew() {
    const std::vector<FlightPtr> flights = flights_.all();
    std::vector<std::int64_t> run_ids;
    run_ids.reserve(flights.size());
    for (const FlightPtr& flight : flights) run_ids.push_back(flight->raw.claim.run_id);
    const std::vector<std::int64_t> held =
        co_await renew_runs(connection_, worker_, std::move(run_ids), lease_, renewal_limit(lease_));
    abandon_lost(flights, held);
}

}  // namespace hil::worker
