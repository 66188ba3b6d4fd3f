// So many at a time, the others in the order in which they came.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

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

    // Whether take() would not have to wait.
    bool has_free() const;

    // On a strand, or any other executor that runs one thing at a time.
    Task<Held> take();

    std::size_t waiting() const;

  private:
    struct Waiter;
    void give_back();

    mutable std::mutex mutex_;
    int free_;
    std::deque<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace hil::worker
