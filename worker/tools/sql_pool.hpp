// The connections of SQL tools: few, and opened when they are needed.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "db/async_connection.hpp"
#include "threads.hpp"

namespace hil::worker {

// Thread-safe: what is free is kept track of on a strand of its own. Owned by shared pointers.
class SqlPool : public std::enable_shared_from_this<SqlPool> {
  public:
    // Of `url` see Connection.
    SqlPool(Threads& threads, const std::string& url, int connections);

    // A connection as long as it is borrowed.
    class Loan {
      public:
        Loan(std::shared_ptr<SqlPool> pool, std::unique_ptr<AsyncConnection> connection)
            : pool_(std::move(pool)), connection_(std::move(connection)) {}
        ~Loan() {
            if (connection_) pool_->take_back(std::move(connection_));
        }
        Loan(Loan&&) = default;
        Loan& operator=(Loan&&) = delete;

        AsyncConnection& connection() const { return *connection_; }

      private:
        std::shared_ptr<SqlPool> pool_;
        std::unique_ptr<AsyncConnection> connection_;
    };

    using Time = std::chrono::steady_clock::time_point;

    // Waits for one that is free; nullptr: none was until then. Whether it is open is another matter.
    Task<std::shared_ptr<Loan>> borrow(Time until);

    // Opens it if it is not open. False: not until then; the loan is given up, and ends when what is under
    // way has come to its end. Throws DatabaseError.
    Task<bool> open(std::shared_ptr<Loan> loan, Time until);

  private:
    Task<std::shared_ptr<Loan>> borrow_here(Time until);
    void take_back(std::unique_ptr<AsyncConnection> connection);

    Threads& threads_;
    const asio::any_io_executor strand_;
    std::vector<std::unique_ptr<AsyncConnection>> free_;
    std::deque<asio::steady_timer*> waiting_;
};

}  // namespace hil::worker
