// A provider that is asked again: slots, retries and the circuit breaker around any other provider.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "llm/breaker.hpp"
#include "llm/model.hpp"
#include "llm/slots.hpp"
#include "llm/waiting_room.hpp"

namespace hil::worker {

class Metrics;

// Time as it passes for those who wait.
struct Patience {
    std::function<std::chrono::steady_clock::time_point()> now;
    std::function<Task<>(std::chrono::milliseconds)> sleep;  // ends early by cancellation only

    static Patience real();
};

class PatientProvider : public Provider {
  public:
    // At most `concurrency` requests at once, and at most `places` runs that wait.
    PatientProvider(std::string name, std::unique_ptr<Provider> inner, int concurrency, int places,
                    RetrySettings retry, BreakerSettings breaker, Metrics& metrics,
                    Patience patience = Patience::real());

    // Repeats what may succeed when it is repeated, for as long as the step's budget lasts, and waits while
    // the breaker is open. Throws the last ProviderError, and one of kind no_place instead of waiting where
    // all places are taken.
    Task<Reply> ask(const Question& question) override;

    const Breaker& breaker() const { return breaker_; }

  private:
    struct Try;
    using TimePoint = std::chrono::steady_clock::time_point;

    Task<> try_once(const Question& question, Try& tried);
    Task<Slots::Held> slot(const Question& question);
    Task<> pause(const Question& question, std::chrono::milliseconds delay, const ProviderError& why);
    void show_breaker();
    ProviderError no_place(const std::string& why, std::chrono::milliseconds least);

    std::string name_;
    std::unique_ptr<Provider> inner_;
    Slots slots_;
    WaitingRoom room_;
    RetrySettings retry_;
    Breaker breaker_;
    Metrics& metrics_;
    Patience patience_;
    std::mutex mutex_;
    Breaker::State shown_ = Breaker::State::closed;  // under the mutex: in the metrics, and in the log
};

}  // namespace hil::worker
