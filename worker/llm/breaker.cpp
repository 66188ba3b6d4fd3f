#include "llm/breaker.hpp"

#include <algorithm>
#include <utility>

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

// Requests that were under way together fail together, as when a server is started again; that is one
// failure.
constexpr milliseconds one_moment{100};
// How long another one waits while one is tried.
constexpr milliseconds until_probe_is_back{200};

}  // namespace

Breaker::Pass::Pass(Pass&& other) noexcept
    : breaker_(std::exchange(other.breaker_, nullptr)),
      sent_(other.sent_),
      is_probe_(std::exchange(other.is_probe_, false)),
      wait_(other.wait_) {}

Breaker::Pass::~Pass() {
    if (breaker_ == nullptr || !is_probe_) return;
    const std::lock_guard lock(breaker_->mutex_);
    breaker_->probing_ = false;
}

void Breaker::Pass::succeeded(Clock::time_point now) {
    const std::lock_guard lock(breaker_->mutex_);
    breaker_->last_success_ = now;
    // What was sent before it opened says nothing about now.
    if (!breaker_->open_ || is_probe_) breaker_->close();
}

void Breaker::Pass::failed(Clock::time_point now, const std::string& why, bool timed_out) {
    const std::lock_guard lock(breaker_->mutex_);
    breaker_->why_ = why;
    if (breaker_->open_) {
        if (!is_probe_) return;
        ++breaker_->failures_;
        breaker_->open(now, breaker_->next_open_);
        return;
    }
    // Each of those that were waited for in vain counts, if nobody else was answered meanwhile: rounds of
    // them would take minutes.
    const bool in_silence = timed_out && breaker_->last_success_ <= sent_;
    if (!in_silence && breaker_->failures_ > 0 && now - breaker_->last_counted_ < one_moment) return;
    breaker_->last_counted_ = now;
    if (++breaker_->failures_ == breaker_->settings_.failures) breaker_->open(now, breaker_->next_open_);
}

void Breaker::Pass::failed_for_good(Clock::time_point now, const std::string& why) {
    const std::lock_guard lock(breaker_->mutex_);
    breaker_->why_ = why;
    ++breaker_->failures_;
    if (breaker_->settings_.failures > 0) breaker_->open(now, breaker_->settings_.longest_open);
}

Breaker::Pass Breaker::ask(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (!open_) return {this, now, false, milliseconds(0)};
    if (now < open_until_) return {nullptr, now, false, std::chrono::ceil<milliseconds>(open_until_ - now)};
    if (std::exchange(probing_, true)) return {nullptr, now, false, until_probe_is_back};
    return {this, now, true, milliseconds(0)};
}

Breaker::State Breaker::state(Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    if (!open_) return State::closed;
    return now < open_until_ ? State::open : State::half_open;
}

std::string Breaker::reason() const {
    const std::lock_guard lock(mutex_);
    return "cut off after " + std::to_string(failures_) + (failures_ == 1 ? " failure: " : " failures: ") +
           why_;
}

void Breaker::close() {
    open_ = false;
    failures_ = 0;
    next_open_ = settings_.open;
}

void Breaker::open(Clock::time_point now, milliseconds time) {
    open_ = true;
    open_until_ = now + time;
    next_open_ = std::min(next_open_ * 2, settings_.longest_open);
}

}  // namespace hil::worker
