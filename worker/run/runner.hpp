// The worker's process: claims runs, executes them, keeps their leases, drains.
#pragma once

#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <functional>
#include <string>

#include "config/config.hpp"
#include "db/report_sender.hpp"
#include "run/attempt.hpp"
#include "run/claims.hpp"
#include "run/flights.hpp"
#include "run/known_workflows.hpp"
#include "run/leases.hpp"
#include "threads.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {

// Everything but the runs themselves happens on the I/O thread.
class Runner {
  public:
    // The arguments outlive the runner.
    Runner(const Config& config, Threads& threads, RunStep run_step, Metrics& metrics);

    // Works until SIGTERM or SIGINT, then claims nothing new, waits at most config.drain for what is being
    // executed, puts back what is not finished then, awaits `end_tools`, and returns; statements that wait
    // keep it at most a few seconds longer. A second signal ends the process where it stands. True:
    // everything has ended. False: the time was over, or something blocks in a thread that cannot be waited
    // for, as a connect that a tool left behind.
    bool run(std::function<Task<>()> end_tools);

  private:
    void spawn(Task<> task);
    // `put_back_after`: where the worker is ending.
    void launch(RawClaim claim, std::chrono::milliseconds put_back_after = {});
    void put_back_what_is_left();
    std::size_t room() const;
    void note_away(bool away);
    Task<> obey_signals();
    Task<> drain();
    Task<> wait(std::chrono::milliseconds limit, const std::function<bool()>& condition);

    const Config& config_;
    const std::string name_;
    Threads& threads_;
    Metrics& metrics_;
    KnownWorkflows workflows_;
    ReportSender reports_;
    Surroundings surroundings_;
    Flights flights_;
    Leases leases_;
    Claims claims_;
    asio::signal_set signals_;
    std::function<Task<>()> end_tools_;
    asio::steady_timer changed_;  // cancelled when something has ended
    int going_on_ = 0;            // coroutines of the worker itself
    std::atomic<int> away_{0};    // runs that are with their provider, and keep no other from being claimed
    std::atomic<bool> will_wake_{false};  // claims_
    bool stopping_ = false;
    bool finished_ = false;
};

}  // namespace hil::worker
