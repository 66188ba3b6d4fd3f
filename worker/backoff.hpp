// How long to wait before trying again.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace hil::worker {

// Delays that double from `first` up to `longest`. Each is drawn from the upper half of its range, so that
// workers that lost the server together do not come back together.
class Backoff {
  public:
    explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(100),
                     std::chrono::milliseconds longest = std::chrono::seconds(10))
        : first_(first), longest_(longest), range_(first) {}

    std::chrono::milliseconds next() {
        // Not a member: copies would draw the same delays.
        static thread_local std::minstd_rand random{std::random_device{}()};
        std::uniform_int_distribution<std::chrono::milliseconds::rep> draw(range_.count() / 2,
                                                                           range_.count());
        range_ = std::min(range_ * 2, longest_);
        return std::chrono::milliseconds(draw(random));
    }

    // After a success.
    void reset() { range_ = first_; }

  private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    std::chrono::milliseconds range_;
};

}  // namespace hil::worker
