// Sessions that work side by side.
#pragma once

#include <barrier>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "session.hpp"

namespace hil::test {

// Runs `work` in `count` threads, each with a session of its own, which all begin at the same moment. What
// one throws is returned, one text for each.
inline std::vector<std::string> at_once(const std::string& database, int count,
                                        const std::function<void(Session&, int)>& work) {
    std::barrier start(count);
    std::mutex mutex;
    std::vector<std::string> errors;
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < count; ++number) {
            threads.emplace_back([&, number] {
                try {
                    Session session(database);
                    start.arrive_and_wait();
                    work(session, number);
                } catch (const std::exception& error) {
                    const std::lock_guard lock(mutex);
                    errors.emplace_back(error.what());
                }
            });
        }
    }
    return errors;
}

// Random choices of one thread.
class Dice {
  public:
    explicit Dice(unsigned seed) : random_(seed) {}

    int below(std::size_t limit) {
        return std::uniform_int_distribution<int>(0, static_cast<int>(limit) - 1)(random_);
    }

    template <class T>
    const T& one_of(const std::vector<T>& choices) {
        return choices[below(choices.size())];
    }

  private:
    std::mt19937 random_;
};

}  // namespace hil::test
