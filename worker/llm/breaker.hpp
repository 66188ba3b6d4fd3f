// Cuts off a provider that keeps failing, so that nobody waits for what will not come.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "config/providers.hpp"

namespace hil::worker {

// Closed: everything passes. Open: nothing does, for a while. Then half open: one request passes, and what
// becomes of it closes the breaker, or opens it for twice as long. Thread-safe.
class Breaker {
  public:
    using Clock = std::chrono::steady_clock;
    enum class State { closed, half_open, open };

    explicit Breaker(BreakerSettings settings) : settings_(settings), next_open_(settings.open) {}

    // Leave to send one request. Who has it reports what came of it; without a report (the request was given
    // up) the next one may try.
    class Pass {
      public:
        Pass(Pass&& other) noexcept;
        Pass& operator=(Pass&&) = delete;
        ~Pass();

        bool granted() const { return breaker_ != nullptr; }
        // Where it is not granted: how long nothing will pass, at least.
        std::chrono::milliseconds wait() const { return wait_; }

        void succeeded(Clock::time_point now);
        // `why`: for those who are not let through. `timed_out`: it was waited for in vain.
        void failed(Clock::time_point now, const std::string& why, bool timed_out = false);
        // Opens at once, for the longest time: another request would fail in the same way.
        void failed_for_good(Clock::time_point now, const std::string& why);

      private:
        friend class Breaker;
        Pass(Breaker* breaker, Clock::time_point sent, bool is_probe, std::chrono::milliseconds wait)
            : breaker_(breaker), sent_(sent), is_probe_(is_probe), wait_(wait) {}

        Breaker* breaker_;
        Clock::time_point sent_;
        bool is_probe_;
        std::chrono::milliseconds wait_;
    };

    Pass ask(Clock::time_point now);

    State state(Clock::time_point now) const;

    // Why it is open: how many failures, and the last one.
    std::string reason() const;

  private:
    void close();
    void open(Clock::time_point now, std::chrono::milliseconds time);

    const BreakerSettings settings_;
    mutable std::mutex mutex_;
    bool open_ = false, probing_ = false;
    int failures_ = 0;
    Clock::time_point last_counted_, last_success_, open_until_;
    std::chrono::milliseconds next_open_;
    std::string why_;
};

}  // namespace hil::worker
