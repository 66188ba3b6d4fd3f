#include "background/duty_record.hpp"

#include <algorithm>

#include "pg/guard.hpp"
#include "pg/subtransaction.hpp"

namespace hil::background {
namespace {

using std::chrono::seconds;

constexpr seconds longest_pause{60};

// A message may name a row, so that the causes of one trouble have no end.
constexpr std::size_t most_causes = 20;

}  // namespace

DutyRecord::DutyRecord(const engine::Duty& duty) : duty_(duty), activity_(std::string("hil: ") + duty.name) {}

void DutyRecord::failed(const pg::Failure& failure, Clock::time_point now) {
    const seconds pause = std::min(longest_pause, seconds(1 << std::min(failures_++, 10)));
    not_before_ = now + pause;
    if (causes_.size() >= most_causes || !causes_.insert(failure.sqlstate + failure.message).second) return;
    pg::warn("hil scheduler: duty \"" + std::string(duty_.name) + "\" failed and is tried again", failure);
}

void DutyRecord::succeeded() {
    if (failures_ == 0) return;
    pg::call([](const char* name) { ereport(LOG, (errmsg("hil scheduler: duty \"%s\" works again", name))); },
             duty_.name);
    failures_ = 0;
    causes_.clear();
}

void DutyRecord::found_nothing(Clock::duration took, Clock::time_point now) {
    constexpr std::chrono::milliseconds long_look{1};
    if (took > long_look) not_before_ = now + 9 * took;
}

}  // namespace hil::background
