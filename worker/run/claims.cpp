#include "run/claims.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "watch/log.hpp"

namespace hil::worker {

using std::chrono::milliseconds;

Claims::Claims(Threads& threads, const Config& config, std::string worker, Leases& leases, Metrics& metrics,
               std::function<std::size_t()> room, std::function<void(RawClaim)> launch)
    : config_(config),
      worker_(std::move(worker)),
      leases_(leases),
      metrics_(metrics),
      room_(std::move(room)),
      launch_(std::move(launch)),
      connection_(threads, config.database_url),
      pause_(threads.io()) {}

void Claims::stop() {
    stopping_ = true;
    connection_.interrupt();
    connection_.wake();
    pause_.cancel();
}

Task<> Claims::work() {
    Backoff backoff;
    Complaint complaint("the database");
    while (!stopping_) {
        std::optional<std::string> failure;
        try {
            co_await round();
            backoff.reset();
            complaint.is_over();
        } catch (const std::exception& error) {
            failure = error.what();
        }
        if (!failure || stopping_) continue;
        const milliseconds delay = backoff.next();
        complaint.is(fmt::format("no work from the database, next try in {} ms: ", delay.count()), *failure);
        leases_.doubt();
        pause_.expires_after(delay);
        std::error_code woken;
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    connection_.close();
}

// One round: do what is due, then wait for more of it.
Task<> Claims::round() {
    co_await connect();
    co_await tick_if_due();
    co_await claim_if_possible();
    if (stopping_) co_return;
    const Clock::time_point until = may_claim() ? Clock::now() : std::min(next_tick_, next_poll_);
    if (co_await connection_.notified(until)) more_ = true;
}

Task<> Claims::connect() {
    if (connection_.is_open()) co_return;
    co_await connection_.open();
    co_await connection_.execute("LISTEN hil_runs");
    announced_ = false;
    more_ = true;  // what was announced meanwhile was not heard
}

// A tick that fails must not keep runs from being claimed, nor the other way round.
Task<> Claims::tick_if_due() {
    if (Clock::now() < next_tick_) co_return;
    next_tick_ = Clock::now() + config_.tick;
    try {
        co_await tick(connection_);
        tick_complaint_.is_over();
    } catch (const DatabaseError& error) {
        if (error.connection_lost() || stopping_) throw;
        tick_complaint_.is("hil_tick failed, skipping this round: ", error.what());
    }
}

bool Claims::may_claim() const {
    return more_ && room_() > 0 && Clock::now() >= next_claim_ && leases_.renewable() && !stopping_;
}

Task<> Claims::claim_if_possible() {
    if (Clock::now() >= next_poll_) {
        more_ = true;
        next_poll_ = Clock::now() + config_.poll;
    }
    if (!may_claim()) co_return;
    const std::size_t most = std::min(room_(), max_claim);
    struct Over {
        bool& claiming;
        ~Over() { claiming = false; }
    } over{claiming_};
    claiming_ = true;
    try {
        std::vector<RawClaim> claims = co_await claim_runs(connection_, worker_, most, config_.lease);
        if (!std::exchange(announced_, true))
            note(spdlog::level::info, "database_reached", "claims runs from the database");
        more_ = claims.size() == most;
        metrics_.claimed(claims.size());
        for (RawClaim& claim : claims) launch_(std::move(claim));
        claim_backoff_.reset();
        claim_complaint_.is_over();
    } catch (const DatabaseError& error) {
        if (error.connection_lost() || stopping_) throw;
        const milliseconds delay = claim_backoff_.next();
        next_claim_ = Clock::now() + delay;
        claim_complaint_.is(fmt::format("no runs could be claimed, next try in {} ms: ", delay.count()),
                            error.what());
    }
}

}  // namespace hil::worker
