// How a scheduler's duty fares: what went wrong with it, and when it is tried again.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/rounds.hpp"
#include "pg/error.hpp"

namespace hil::background {

class DutyRecord {
  public:
    using Clock = std::chrono::steady_clock;

    DutyRecord(const engine::Duty& duty);

    const engine::Duty& duty() const { return duty_; }
    // What pg_stat_activity shows while it is at work.
    const char* activity() const { return activity_.c_str(); }

    bool may_run(Clock::time_point now) const { return now >= not_before_; }
    Clock::time_point not_before() const { return not_before_; }
    // Each cause is written to the log once until the duty succeeds. The pauses between attempts double, up
    // to a minute: those of the conversation with which it failed, while the others have their turn at once,
    // or where there is none those of the duty.
    void failed(const pg::Failure& failure, const std::optional<pg::Uuid>& conversation,
                Clock::time_point now);
    // Once more, without those that are set aside.
    void succeeded(Clock::time_point begun);
    // The conversations that have their pause.
    std::set<pg::Uuid> aside(Clock::time_point now) const;
    // A look that took long and found nothing is repeated after nine times as long, however often it is asked
    // for: what is looked for in vain takes at most a tenth of a core.
    void found_nothing(Clock::duration took, Clock::time_point now);

  private:
    const engine::Duty& duty_;
    std::string activity_;
    struct Trouble {
        int failures;  // in a row
        Clock::time_point not_before;
    };

    int failures_ = 0;  // in a row
    std::map<pg::Uuid, Trouble> troubles_;
    std::set<std::string> causes_;
    Clock::time_point not_before_{};
};

}  // namespace hil::background
