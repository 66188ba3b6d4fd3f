#include "run/runner.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

namespace hil::worker {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Two workers of one name would renew each other's leases, so every process gets an ending of its own.
std::string unique_name(const std::string& name) {
    std::random_device random;
    return fmt::format("{}-{:08x}", name, random());
}

milliseconds until(Clock::time_point time) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(time - Clock::now()));
}

}  // namespace

Runner::Runner(const Config& config, llm::Providers& providers)
    : config_(config),
      name_(unique_name(config.worker)),
      workflows_(config.catalogue),
      surroundings_{workflows_, config.catalogue, providers, Backoff()} {}

void Runner::request_stop() noexcept {
    stopping_ = true;
    stop_.set();
    wake_.set();
}

bool Runner::run() {
    spdlog::info("worker {} executes up to {} runs at once", name_, config_.concurrency);
    for (int i = 0; i < config_.concurrency; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { execute(stop); });
    }
    threads_.emplace_back([this](const std::stop_token& stop) { renew(stop); });
    work();
    return drain();
}

void Runner::work() {
    Session session(config_.database_url, stop_.fd(), /*listen=*/true);
    Backoff backoff;
    Complaint complaint("the database");
    while (!stopping_) {
        try {
            round(session);
            backoff.reset();
            complaint.is_over();
        } catch (const std::exception& error) {
            if (stopping_) return;
            const milliseconds delay = backoff.next();
            complaint.is(fmt::format("no work from the database, next try in {} ms: ", delay.count()),
                         error.what());
            // Whoever ended this connection ended the renewing one, too.
            set_renewable(false);
            pollfd woken{wake_.fd(), POLLIN, 0};
            poll(&woken, 1, static_cast<int>(delay.count()));
            wake_.take();
        }
    }
}

// One round: do what is due, then wait for more of it.
void Runner::round(Session& session) {
    if (Clock::now() >= next_tick_) {
        next_tick_ = Clock::now() + config_.tick;
        tick(session);
    }
    claim(session);
    session.wait(std::min(config_.poll, until(next_tick_)), wake_.fd());
    wake_.take();
}

// A tick that fails must not keep runs from being claimed, nor the other way round.
void Runner::tick(Session& session) {
    try {
        session.tick();
        tick_complaint_.is_over();
    } catch (const DatabaseError& error) {
        if (error.connection_lost() || stopping_) throw;
        tick_complaint_.is("hil_tick failed, skipping this round: ", error.what());
    }
}

void Runner::claim(Session& session) {
    const std::size_t busy = flights_.size();
    const auto capacity = static_cast<std::size_t>(config_.concurrency);
    if (busy >= capacity || Clock::now() < next_claim_) return;
    {
        const std::lock_guard lock(mutex_);
        if (!renewable_) return;
    }
    for (Claim& claim : try_to_claim(session, capacity - busy)) {
        FlightPtr flight = flights_.add(std::move(claim));
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(flight));
        }
        changed_.notify_all();
    }
}

std::vector<Claim> Runner::try_to_claim(Session& session, std::size_t max_runs) {
    try {
        std::vector<Claim> claims = session.claim_runs(name_, max_runs, config_.lease);
        claim_backoff_.reset();
        claim_complaint_.is_over();
        return claims;
    } catch (const DatabaseError& error) {
        if (error.connection_lost() || stopping_) throw;
        const milliseconds delay = claim_backoff_.next();
        next_claim_ = Clock::now() + delay;
        claim_complaint_.is(fmt::format("no runs could be claimed, next try in {} ms: ", delay.count()),
                            error.what());
        return {};
    }
}

void Runner::set_renewable(bool renewable) {
    {
        const std::lock_guard lock(mutex_);
        if (renewable_ == renewable) return;
        renewable_ = renewable;
    }
    if (renewable) {
        wake_.set();
    } else {
        changed_.notify_all();
    }
}

void Runner::execute(const std::stop_token& stop) {
    Session session(config_.database_url, drained_.fd());
    for (;;) {
        FlightPtr flight;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            flight = std::move(waiting_.front());
            waiting_.pop_front();
        }
        attempt(*flight, session, surroundings_);
        flights_.remove(flight);
        wake_.set();
    }
}

// The one place where leases are renewed, for all runs in flight at once. Its connection stands before the
// first run is claimed: where the server has too few of them, runs wait and are not lost.
void Runner::renew(const std::stop_token& stop) {
    Session session(config_.database_url, drained_.fd());
    Backoff backoff;
    Complaint complaint("renewing leases");
    milliseconds delay{0};
    bool failed = false;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, delay, [&] { return !failed && !renewable_; });
            if (stop.stop_requested()) return;
        }
        const std::vector<FlightPtr> flights = flights_.all();
        std::vector<std::int64_t> run_ids;
        run_ids.reserve(flights.size());
        for (const FlightPtr& flight : flights) run_ids.push_back(flight->claim.run_id);
        delay = config_.lease / 3;
        try {
            abandon_lost(flights, session.renew_runs(name_, run_ids, config_.lease));
            failed = false;
            backoff.reset();
            complaint.is_over();
        } catch (const std::exception& error) {
            failed = true;
            delay = std::min(delay, backoff.next());
            complaint.is(fmt::format("leases could not be renewed, next try in {} ms: ", delay.count()),
                         error.what());
        }
        set_renewable(!failed);
    }
}

bool Runner::drain() {
    spdlog::info("stopping: no new runs; {} are being finished", flights_.size());
    bool finished = flights_.wait_until_empty(config_.drain);
    if (!finished) {
        spdlog::warn("{} runs were not finished in time and are left to other workers", flights_.size());
        flights_.abandon_all();
    }
    drained_.set();
    // Those that only wait for the database notice soon.
    if (!finished) finished = flights_.wait_until_empty(milliseconds(2000));
    if (finished) threads_.clear();
    spdlog::info("stopped");
    return finished;
}

}  // namespace hil::worker
