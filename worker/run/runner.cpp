#include "run/runner.hpp"

#include <unistd.h>

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <random>
#include <utility>

#include "watch/log.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

// What ends by being cancelled gets so long for it, and so do runs that are put back.
constexpr milliseconds time_to_end{2'000};

// Two workers of one name would renew each other's leases, so every process gets an ending of its own.
std::string unique_name(const std::string& name) {
    std::random_device random;
    return fmt::format("{}-{:08x}", name, random());
}

// Over a connection of its own: a revision is read once, and may have to wait for a lock.
Task<Json> read_definition(Threads& threads, std::string url, std::string name, int revision) {
    AsyncConnection connection(threads, std::move(url));
    const std::string text = co_await workflow_definition(connection, std::move(name), revision);
    co_return Json::parse(text);
}

}  // namespace

Runner::Runner(const Config& config, Threads& threads, RunStep run_step, Metrics& metrics)
    : config_(config),
      name_(unique_name(config.worker)),
      threads_(threads),
      metrics_(metrics),
      workflows_(config.catalogue,
                 [&threads, url = config.database_url](std::string name, int revision) {
                     return read_definition(threads, url, std::move(name), revision);
                 }),
      reports_(threads, config.database_url, config.report_connections, metrics),
      surroundings_{.io = threads.io(),
                    .workflows = workflows_,
                    .reports = reports_,
                    .run_step = std::move(run_step),
                    .metrics = metrics,
                    .limits = config.limits,
                    .parallel_nodes = config.parallel_nodes,
                    .at_provider = [this](bool away) { note_away(away); },
                    .backoff = Backoff()},
      leases_(threads, config.database_url, name_, config.lease, flights_, [this] { claims_.wake(); }),
      claims_(
          threads, config, name_, leases_, metrics, [this] { return room(); },
          [this](RawClaim claim) { launch(std::move(claim)); }),
      signals_(threads.io(), SIGTERM, SIGINT),
      changed_(threads.io()) {}

bool Runner::run(std::function<Task<>()> end_tools) {
    end_tools_ = std::move(end_tools);
    note(spdlog::level::info, "worker_started",
         fmt::format("worker {} works on up to {} runs at once", name_, config_.concurrency));
    reports_.start([this] { changed_.cancel(); });
    spawn(leases_.keep());
    spawn(claims_.work());
    asio::co_spawn(threads_.io(), obey_signals(), [](const std::exception_ptr&) {});
    threads_.run();
    note(spdlog::level::info, "worker_stopped", "stopped");
    // A tool may have left a connect behind.
    return finished_ && !threads_.helper_is_busy();
}

void Runner::spawn(Task<> task) {
    ++going_on_;
    asio::co_spawn(threads_.io(), std::move(task), [this](const std::exception_ptr&) {
        --going_on_;
        changed_.cancel();
    });
}

// How many are with their providers is bounded by the providers' slots and places.
std::size_t Runner::room() const {
    const auto most = static_cast<std::size_t>(config_.concurrency + std::max(away_.load(), 0));
    return most - std::min(most, flights_.size());
}

void Runner::note_away(bool away) {
    away_ += away ? 1 : -1;
    metrics_.runs_at_provider(away ? 1 : -1);
    if (!away || will_wake_.exchange(true)) return;
    asio::post(threads_.io(), [this] {
        will_wake_ = false;
        claims_.wake();
    });
}

// A run that comes when the worker is about to end is not begun.
void Runner::launch(RawClaim claim, milliseconds put_back_after) {
    const auto flight = std::make_shared<Flight>(std::move(claim), threads_.new_strand());
    flights_.add(flight);
    metrics_.runs_in_flight(flights_.size());
    auto landed = [this, flight](const std::exception_ptr&) {
        flights_.remove(flight);
        metrics_.runs_in_flight(flights_.size());
        claims_.wake();
        changed_.cancel();
    };
    asio::co_spawn(
        flight->strand,
        stopping_ ? put_back(flight, surroundings_, put_back_after) : attempt(flight, surroundings_),
        asio::bind_cancellation_slot(flight->slot(), asio::bind_executor(threads_.io(), std::move(landed))));
}

void Runner::put_back_what_is_left() {
    const std::vector<FlightPtr> left = flights_.all();
    if (left.empty()) return;
    note(spdlog::level::warn, "runs_left",
         fmt::format("{} runs were not finished in time and are put back for other workers", left.size()));
    // Which abandons the attempts that go on.
    // What a tool is doing goes on there: its call is made again only when it should be over, as after a
    // death of this worker.
    for (const FlightPtr& flight : left)
        launch({flight->raw.claim, ""}, flight->is_in_call() ? config_.lease : milliseconds(0));
}

Task<> Runner::obey_signals() {
    co_await signals_.async_wait(asio::use_awaitable);
    asio::co_spawn(threads_.io(), drain(), [this](const std::exception_ptr&) { threads_.stop(); });
    const int second = co_await signals_.async_wait(asio::use_awaitable);
    _exit(128 + second);
}

Task<> Runner::drain() {
    note(spdlog::level::info, "worker_stopping",
         fmt::format("stopping: no new runs; {} are being finished", flights_.size()));
    stopping_ = true;
    claims_.stop();
    const std::function<bool()> all_landed = [this] { return !claims_.claiming() && flights_.size() == 0; };
    co_await wait(config_.drain, all_landed);
    put_back_what_is_left();
    co_await wait(time_to_end, all_landed);
    flights_.abandon_all();
    reports_.stop();
    leases_.stop();
    const std::function<bool()> all_ended = [this] {
        return flights_.size() == 0 && going_on_ == 0 && reports_.stopped();
    };
    co_await wait(time_to_end, all_ended);
    finished_ = all_ended();
    co_await end_tools_();
}

Task<> Runner::wait(milliseconds limit, const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) {
        changed_.expires_at(end);
        std::error_code woken;
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

}  // namespace hil::worker
