// Where the runs of one provider wait for it, and when those come back that found no place.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

namespace hil::worker {

// Nobody waits for a place: a run that finds none is put back into the database. Thread-safe; outlives
// whoever has a place.
class WaitingRoom {
  public:
    using Clock = std::chrono::steady_clock;

    explicit WaitingRoom(int count) : free_(count) {}
    WaitingRoom(const WaitingRoom&) = delete;
    WaitingRoom& operator=(const WaitingRoom&) = delete;

    // Gives its place back at the end.
    class Held {
      public:
        Held(Held&& other) noexcept : room_(std::exchange(other.room_, nullptr)) {}
        Held& operator=(Held&&) = delete;
        ~Held() {
            if (room_ != nullptr) ++room_->free_;
        }

        bool granted() const { return room_ != nullptr; }

      private:
        friend class WaitingRoom;
        explicit Held(WaitingRoom* room) : room_(room) {}
        WaitingRoom* room_;
    };

    Held take();

    // How long a run that found no place stays away, at least for `least`. They come back one after the
    // other, so that looking for a place again and again is no load however many they are.
    std::chrono::milliseconds away(Clock::time_point now, std::chrono::milliseconds least);

  private:
    std::atomic<int> free_;
    std::mutex mutex_;
    Clock::time_point next_back_;
};

}  // namespace hil::worker
