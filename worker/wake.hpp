// Wakes a thread that waits in poll().
#pragma once

namespace hil::worker {

// A file descriptor that becomes readable by set(). Thread-safe; set() may also be called in a signal
// handler.
class Wake {
  public:
    Wake();
    ~Wake();
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    int fd() const { return fd_; }
    void set() noexcept;

    // Makes it unreadable again; true if it had been set.
    bool take() noexcept;

  private:
    int fd_;
};

}  // namespace hil::worker
