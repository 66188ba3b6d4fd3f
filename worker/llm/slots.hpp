// So many at a time, the others in the order in which they came.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "async.hpp"

namespace hil::worker {

// Thread-safe. Outlives all who wait.
class Slots {
  public:
    explicit Slots(int count) : free_(count) {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    // Gives its slot back at the end.
    class Held {
      public:
        Held(Held&& other) noexcept;
        Held& operator=(Held&&) = delete;
        ~Held();

      private:
        friend class Slots;
        explicit Held(Slots* slots) : slots_(slots) {}
        Slots* slots_;
    };

    // Nothing where it would have to wait.
    std::optional<Held> try_take();

    // Waits for at most `limit`; nothing: that was not enough. On a strand, or any other executor that runs
    // one thing at a time.
    Task<std::optional<Held>> take(std::optional<std::chrono::milliseconds> limit = std::nullopt);

    // For how long the first in line has been waiting; 0: nobody is.
    std::chrono::milliseconds slowness() const;

    std::size_t waiting() const;

  private:
    struct Waiter;
    void give_back();

    mutable std::mutex mutex_;
    int free_;
    std::deque<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace hil::worker
