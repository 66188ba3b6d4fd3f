#include "llm/patient_provider.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <random>
#include <utility>

#include "backoff.hpp"
#include "llm/counted_provider.hpp"
#include "watch/log.hpp"
#include "watch/metrics.hpp"

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

// A line that has not moved for so long is no line to stand in without a place.
constexpr milliseconds a_moment{1'000};

// Tells whoever wants to know that a run is with its provider, for as long as this lives.
class Away {
  public:
    explicit Away(const std::function<void(bool)>& told) : told_(told) {
        if (told_) told_(true);
    }
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;
    ~Away() {
        if (told_) told_(false);
    }

  private:
    const std::function<void(bool)>& told_;
};

// A step that waits for its provider, in the metrics.
class Waiting {
  public:
    Waiting(Metrics& metrics, const std::string& provider) : metrics_(metrics), provider_(provider) {
        metrics_.waiting(provider_, 1);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { metrics_.waiting(provider_, -1); }

  private:
    Metrics& metrics_;
    const std::string& provider_;
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
                                 int places, RetrySettings retry, BreakerSettings breaker, Metrics& metrics,
                                 Patience patience)
    : name_(std::move(name)),
      inner_(std::move(inner)),
      slots_(concurrency),
      room_(places),
      retry_(retry),
      breaker_(breaker),
      metrics_(metrics),
      patience_(std::move(patience)) {
    metrics_.breaker(name_, 0);
}

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
            const auto text = fmt::format("{}; asking again in {} ms", tried.error->what(), delay.count());
            note(spdlog::level::debug, "model_retry", text, question.about);
        }
        if (patience_.now() + delay >= end) throw *tried.error;
        if (tried.blocked) delay = staggered(delay);
        co_await pause(question, delay, *tried.error);
        if (!tried.blocked) metrics_.retried(name_, name_of(tried.error->kind));
    }
}

Task<> PatientProvider::try_once(const Question& question, Try& tried) {
    const Slots::Held held = co_await slot(question);
    const Away away(question.at_provider);
    Breaker::Pass pass = breaker_.ask(patience_.now());
    show_breaker();
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
        pass.failed(patience_.now(), tried.error->what(), tried.error->timed_out);
    } else {
        pass.succeeded(patience_.now());
    }
    show_breaker();
}

void PatientProvider::show_breaker() {
    const std::lock_guard lock(mutex_);
    const Breaker::State state = breaker_.state(patience_.now());
    const Breaker::State before = std::exchange(shown_, state);
    if (state == before) return;
    metrics_.breaker(name_, state == Breaker::State::closed ? 0 : state == Breaker::State::open ? 1 : 2);
    if (state == Breaker::State::closed) note(spdlog::level::info, "provider_back", name_ + " answers again");
    if (before == Breaker::State::closed)
        note(spdlog::level::warn, "provider_cut_off", name_ + " is " + breaker_.reason());
}

// A line that moves is waited in without a place, too, since putting a run back costs more than a moment.
Task<Slots::Held> PatientProvider::slot(const Question& question) {
    if (std::optional<Slots::Held> free = slots_.try_take()) co_return std::move(*free);
    const Waiting waiting(metrics_, name_);
    const WaitingRoom::Held place = room_.take();
    if (place.granted()) {
        const Away away(question.at_provider);
        std::optional<Slots::Held> turn = co_await slots_.take();
        co_return std::move(*turn);
    }
    if (slots_.slowness() < a_moment) {
        std::optional<Slots::Held> turn = co_await slots_.take(a_moment);
        if (turn) co_return std::move(*turn);
    }
    throw no_place(name_ + " has too many requests waiting", milliseconds(0));
}

Task<> PatientProvider::pause(const Question& question, milliseconds delay, const ProviderError& why) {
    const WaitingRoom::Held place = room_.take();
    if (!place.granted()) throw no_place(why.what(), delay);
    const Away away(question.at_provider);
    const Waiting waiting(metrics_, name_);
    co_await patience_.sleep(delay);
}

ProviderError PatientProvider::no_place(const std::string& why, milliseconds least) {
    return {Kind::no_place, why, true, room_.away(patience_.now(), least)};
}

}  // namespace hil::worker
