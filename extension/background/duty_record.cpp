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

// Where more conversations fail, it is not they who are to blame.
constexpr std::size_t most_aside = 100;

seconds pause_after(int failures) { return std::min(longest_pause, seconds(1 << std::min(failures, 10))); }

}  // namespace

DutyRecord::DutyRecord(const engine::Duty& duty) : duty_(duty), activity_(std::string("hil: ") + duty.name) {}

void DutyRecord::failed(const pg::Failure& failure, const std::optional<pg::Uuid>& conversation,
                        Clock::time_point now) {
    const bool apart = conversation && (troubles_.size() < most_aside || troubles_.contains(*conversation));
    if (apart) {
        Trouble& trouble = troubles_[*conversation];
        trouble.not_before = now + pause_after(trouble.failures++);
    } else {
        not_before_ = now + pause_after(failures_++);
    }
    if (causes_.size() >= most_causes || !causes_.insert(failure.sqlstate + failure.message).second) return;
    pg::warn("hil scheduler: duty \"" + std::string(duty_.name) + "\" failed" +
                 (apart ? " with conversation " + conversation->text() : "") + " and is tried again",
             failure);
}

void DutyRecord::succeeded(Clock::time_point begun) {
    if (failures_ == 0 && troubles_.empty()) return;
    failures_ = 0;
    std::erase_if(troubles_, [&](const auto& trouble) { return trouble.second.not_before <= begun; });
    if (!troubles_.empty()) return;
    pg::call([](const char* name) { ereport(LOG, (errmsg("hil scheduler: duty \"%s\" works again", name))); },
             duty_.name);
    causes_.clear();
}

std::set<pg::Uuid> DutyRecord::aside(Clock::time_point now) const {
    std::set<pg::Uuid> conversations;
    for (const auto& [conversation, trouble] : troubles_)
        if (trouble.not_before > now) conversations.insert(conversation);
    return conversations;
}

void DutyRecord::found_nothing(Clock::duration took, Clock::time_point now) {
    constexpr std::chrono::milliseconds long_look{1};
    if (took > long_look) not_before_ = now + 9 * took;
}

}  // namespace hil::background
