#include "llm/waiting_room.hpp"

#include <algorithm>

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds shortest_away{5'000};
constexpr milliseconds between_two{10};
// Over how long they are spread. Where they are more than this has room for, they come more often than one in
// between_two.
constexpr milliseconds longest_spread{60'000};

}  // namespace

WaitingRoom::Held WaitingRoom::take() {
    int free = free_;
    while (free > 0 && !free_.compare_exchange_weak(free, free - 1)) {
    }
    return Held(free > 0 ? this : nullptr);
}

milliseconds WaitingRoom::away(Clock::time_point now, milliseconds least) {
    const Clock::time_point first = now + std::max(least, shortest_away);
    const std::lock_guard lock(mutex_);
    next_back_ += between_two;
    if (next_back_ < first || next_back_ > first + longest_spread) next_back_ = first;
    return std::chrono::ceil<milliseconds>(next_back_ - now);
}

}  // namespace hil::worker
