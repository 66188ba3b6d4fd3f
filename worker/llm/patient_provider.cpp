#include "llm/patient_provider.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <random>
#include <utility>

#include "backoff.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using Kind = ProviderError::Kind;

Task<> sleep_on_timer(milliseconds delay) {
    asio::steady_timer timer(co_await asio::this_coro::executor, delay);
    co_await timer.async_wait(asio::use_awaitable);
}

// Those who wait for the same breaker do not come back together.
milliseconds staggered(milliseconds wait) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<milliseconds::rep> more(0, std::min<milliseconds::rep>(wait.count(), 1000));
    return wait + milliseconds(more(random));
}

// Tells whoever wants to know that a step waits, for as long as this lives.
class Waiting {
  public:
    explicit Waiting(const std::function<void(bool)>& told) : told_(told) {
        if (told_) told_(true);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        if (told_) told_(false);
    }

  private:
    const std::function<void(bool)>& told_;
};

bool is_worth_a_try(const ProviderError& error, bool& misread) {
    if (error.not_at_once || !error.retryable) return false;
    // A server that answers nonsense twice will go on doing so.
    if (error.kind == Kind::reply) return !std::exchange(misread, true);
    return true;
}

}  // namespace

Patience Patience::real() {
    return {[] { return std::chrono::steady_clock::now(); },
            [](milliseconds delay) { return sleep_on_timer(delay); }};
}

// What came of one try: a reply, an error, or neither where the breaker let nothing through for `blocked`.
struct PatientProvider::Try {
    std::optional<Reply> reply;
    std::optional<ProviderError> error;
    std::optional<milliseconds> blocked;
};

PatientProvider::PatientProvider(std::string name, std::unique_ptr<Provider> inner, int concurrency,
                                 RetrySettings retry, BreakerSettings breaker, Patience patience)
    : name_(std::move(name)),
      inner_(std::move(inner)),
      slots_(concurrency),
      retry_(retry),
      breaker_(breaker),
      patience_(std::move(patience)) {}

Task<Reply> PatientProvider::ask(const Question& question) {
    milliseconds own{0};
    milliseconds& waited = question.waited != nullptr ? *question.waited : own;
    const TimePoint end = patience_.now() + (retry_.budget - waited);
    Backoff backoff(retry_.first, retry_.longest);
    bool misread = false;
    for (;;) {
        const TimePoint start = patience_.now();
        Try tried;
        co_await try_once(question, tried);
        if (tried.reply) {
            // What the model itself took is no waiting.
            waited = retry_.budget - std::chrono::duration_cast<milliseconds>(end - start);
            co_return std::move(*tried.reply);
        }
        if (tried.error && !is_worth_a_try(*tried.error, misread)) throw *tried.error;
        milliseconds delay{0};
        if (tried.blocked) {
            delay = *tried.blocked;
            tried.error.emplace(Kind::cut_off, name_ + " is " + breaker_.reason(), true, delay);
        } else {
            delay = std::max(tried.error->retry_after.value_or(milliseconds(0)), backoff.next());
            spdlog::debug("node {}: {}; asking again in {} ms", question.node, tried.error->what(),
                          delay.count());
        }
        if (patience_.now() + delay >= end) throw *tried.error;
        if (tried.blocked) delay = staggered(delay);
        co_await pause(question, delay);
    }
}

Task<> PatientProvider::try_once(const Question& question, Try& tried) {
    std::optional<Waiting> waiting;
    if (!slots_.has_free()) waiting.emplace(question.on_wait);
    const Slots::Held slot = co_await slots_.take();
    waiting.reset();
    Breaker::Pass pass = breaker_.ask(patience_.now());
    if (!pass.granted()) {
        tried.blocked = pass.wait();
        co_return;
    }
    try {
        tried.reply = co_await inner_->ask(question);
    } catch (const ProviderError& error) {
        tried.error.emplace(error);
    }
    // With any other error the provider is there; it is the request that it does not like.
    const std::optional<Kind> kind = tried.error ? std::optional(tried.error->kind) : std::nullopt;
    if (kind == Kind::money) {
        pass.failed_for_good(patience_.now(), tried.error->what());
    } else if (kind == Kind::network || kind == Kind::overloaded || kind == Kind::reply) {
        pass.failed(patience_.now(), tried.error->what());
    } else {
        pass.succeeded();
    }
}

Task<> PatientProvider::pause(const Question& question, milliseconds delay) {
    const Waiting waiting(question.on_wait);
    co_await patience_.sleep(delay);
}

}  // namespace hil::worker
