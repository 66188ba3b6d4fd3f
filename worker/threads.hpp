// The threads of the worker: one for input and output, some for work.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <functional>

#include "async.hpp"

namespace hil::worker {

// Outlives everything that runs on it; what is still waiting when it ends is destroyed without being resumed.
class Threads {
  public:
    explicit Threads(int work_threads);
    ~Threads();
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    // Sockets and timers. Nothing that computes belongs on its thread.
    asio::io_context& io() { return io_; }

    // On the work threads; what runs on one strand never runs side by side.
    asio::any_io_executor new_strand();

    // Helper threads: a few for everybody, who may have to wait until one is free, and one for leases, which
    // cannot wait while all others try to reach a server that is gone.
    enum class Helper { anyones, leases };

    // Runs on a helper thread what blocks and cannot be cancelled, and comes back to the caller's executor.
    // Throws what `blocking` throws.
    Task<> to_helper(std::function<void()> blocking, Helper helper = Helper::anyones);

    // Whether something blocks on a helper thread. The destructor would wait for that.
    bool helper_is_busy() const { return blocking_ > 0; }

    // Does input and output on the calling thread until stop() is called.
    void run();

    // May be called in any thread.
    void stop() { io_.stop(); }

  private:
    // Handlers that wait in one context can own objects of another: all contexts let go of their handlers
    // before the first of them is destroyed.
    template <class Context>
    class Closing : public Context {
      public:
        using asio::execution_context::shutdown;
        using Context::Context;
    };

    std::atomic<int> blocking_{0};
    Closing<asio::io_context> io_{1};
    Closing<asio::thread_pool> work_;
    Closing<asio::thread_pool> helpers_{2};
    Closing<asio::thread_pool> lease_helper_{1};
};

}  // namespace hil::worker
