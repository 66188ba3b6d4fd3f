// A connection whose statements wait without a thread.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "db/connection.hpp"
#include "threads.hpp"

namespace hil::worker {

// Belongs to one coroutine at a time, whatever strand that runs on; everything is called on that strand.
// Opened when it is first needed, and again after it was lost. Where the coroutine is cancelled in the middle
// of a statement, the statement is cancelled too and the connection closed.
class AsyncConnection {
  public:
    // Of `url` see Connection. `helper` is whose thread connecting blocks.
    AsyncConnection(Threads& threads, std::string url, Threads::Helper helper = Threads::Helper::anyones)
        : threads_(threads), url_(std::move(url)), helper_(helper) {}
    ~AsyncConnection() { close(); }
    AsyncConnection(const AsyncConnection&) = delete;
    AsyncConnection& operator=(const AsyncConnection&) = delete;

    // Connects if it is not connected. Throws DatabaseError.
    Task<> open();
    bool is_open() const { return connection_ != nullptr; }
    // Also what a coroutine waits for on it ends, as cancelled.
    void close();

    // Runs one statement, whose $1, $2, … are `parameters`, and cancels it at the server after `limit`. One
    // that is cancelled and not answered soon either counts as lost with the connection. Throws
    // DatabaseError.
    Task<Result> execute(std::string sql, std::vector<Parameter> parameters = {},
                         std::chrono::milliseconds limit = statement_limit);

    // Waits until a notification has come or wake() is called; all that are there are taken. False: `until`
    // is over. Throws DatabaseError when the connection is lost.
    Task<bool> notified(std::chrono::steady_clock::time_point until);

    // Ends the waiting of notified(), also of the next one.
    void wake();

    // Cancels at the server what is waiting now or will be: for the end of the worker.
    void interrupt();

  private:
    using Deadline = std::chrono::steady_clock::time_point;
    enum class Woken { by_socket, by_deadline, by_call };

    Task<> await_answer(Deadline deadline);
    Task<Woken> wait(asio::posix::descriptor_base::wait_type what, Deadline deadline);
    bool take_notifications();

    Threads& threads_;
    std::string url_;
    Threads::Helper helper_;
    ConnectionPtr connection_;
    std::unique_ptr<asio::posix::stream_descriptor> socket_;  // a duplicate of libpq's own
    bool busy_ = false;                                       // a statement is on its way
    bool waiting_ = false;
    bool woken_ = false;
    bool interrupted_ = false;
};

}  // namespace hil::worker
