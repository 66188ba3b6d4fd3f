// The pieces of a reply's body, on their way from the I/O thread to whoever takes them.
#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace hil::worker {

// Whoever takes them may compute: that runs on the caller's executor, and the I/O thread goes on meanwhile.
// What has come until then waits, and is taken as one piece.
class BodyPieces : public std::enable_shared_from_this<BodyPieces> {
  public:
    // `take` is called on `caller`, which runs one thing at a time. False: that is enough.
    BodyPieces(asio::any_io_executor caller, std::function<bool(std::string_view)> take);

    // Called on the caller's executor, once, when it is enough. To be set before the first piece is added.
    void when_enough(std::function<void()> done) { done_ = std::move(done); }

    // On the I/O thread.
    void add(std::string_view bytes);

    // On the caller's executor.
    bool has_enough() const { return has_enough_; }

  private:
    void pass_on();

    const asio::any_io_executor caller_;
    const std::function<bool(std::string_view)> take_;
    std::function<void()> done_;
    bool has_enough_ = false;

    std::mutex mutex_;
    std::string waiting_;  // under the mutex; while there is something, it is about to be passed on
};

}  // namespace hil::worker
