// The worker's process: claims runs, executes them, keeps their leases, drains.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "complaint.hpp"
#include "config/config.hpp"
#include "db/protocol.hpp"
#include "run/attempt.hpp"
#include "run/flights.hpp"
#include "wake.hpp"

namespace hil::worker {

// One thread claims and ticks, one renews the leases, config.concurrency threads execute. Each has a
// connection of its own, so that none waits for another; each comes back by itself when the server does.
class Runner {
  public:
    Runner(const Config& config, llm::Providers& providers);

    // Works until request_stop(), then claims nothing new, waits at most config.drain for what is being
    // executed, and returns; statements that wait keep it at most a few seconds longer. True: everything was
    // finished. False: the time was over, and threads may still be in a provider's hands.
    bool run();

    // May be called in any thread and in a signal handler.
    void request_stop() noexcept;

  private:
    void work();
    void round(Session& session);
    void claim(Session& session);
    std::vector<Claim> try_to_claim(Session& session, std::size_t max_runs);
    void tick(Session& session);
    bool drain();
    void renew(const std::stop_token& stop);
    void set_renewable(bool renewable);
    void execute(const std::stop_token& stop);

    const Config& config_;
    const std::string name_;
    Workflows workflows_;
    Surroundings surroundings_;
    Flights flights_;
    Wake wake_;  // a run has ended, or the worker shall stop
    // Set once and for ever; each cancels the statements that still wait then.
    Wake stop_;     // no more ticks and claims
    Wake drained_;  // no more reports and renewals
    std::atomic<bool> stopping_{false};
    std::chrono::steady_clock::time_point next_tick_;
    Complaint tick_complaint_{"hil_tick"};
    std::chrono::steady_clock::time_point next_claim_;
    Complaint claim_complaint_{"claiming runs"};
    Backoff claim_backoff_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<FlightPtr> waiting_;  // claimed, not yet taken by a thread
    bool renewable_ = false;         // leases can be renewed, so runs may be claimed

    std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace hil::worker
