// Waiting for a condition, never for a time.
#pragma once

#include <chrono>
#include <thread>

namespace hil::test {

// How long the tests wait for what must happen. Generous: it is only used up by a test that fails.
inline constexpr std::chrono::seconds patience{60};

// Asks until the answer is yes or patience is over; returns the last answer.
template <class Condition>
bool within_patience(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (condition()) return true;
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace hil::test
