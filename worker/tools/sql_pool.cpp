#include "tools/sql_pool.hpp"

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <system_error>

#include "elsewhere.hpp"

namespace hil::worker {
namespace {

Task<> open_connection(std::shared_ptr<SqlPool::Loan> loan) { co_await loan->connection().open(); }

}  // namespace

SqlPool::SqlPool(Threads& threads, const std::string& url, int connections)
    : threads_(threads), strand_(threads.new_strand()) {
    for (int i = 0; i < connections; ++i) free_.push_back(std::make_unique<AsyncConnection>(threads, url));
}

Task<std::shared_ptr<SqlPool::Loan>> SqlPool::borrow(Time until) {
    Task<std::shared_ptr<Loan>> task = borrow_here(until);
    co_return co_await elsewhere(strand_, std::move(task));
}

Task<std::shared_ptr<SqlPool::Loan>> SqlPool::borrow_here(Time until) {
    const std::shared_ptr<SqlPool> self = shared_from_this();
    asio::steady_timer timer(threads_.io());
    // Whoever leaves wakes the next: two that came back at once may both have woken the first.
    struct Listed {
        SqlPool& pool;
        asio::steady_timer* timer;
        ~Listed() {
            std::erase(pool.waiting_, timer);
            if (!pool.free_.empty() && !pool.waiting_.empty()) pool.waiting_.front()->cancel();
        }
    };
    waiting_.push_back(&timer);
    const Listed listed{*this, &timer};
    while (free_.empty()) {
        if (std::chrono::steady_clock::now() >= until) co_return nullptr;
        std::error_code ignored;
        timer.expires_at(until);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    std::unique_ptr<AsyncConnection> connection = std::move(free_.back());
    free_.pop_back();
    co_return std::make_shared<Loan>(self, std::move(connection));
}

// Connecting cannot be cancelled, so that it is left behind where it takes too long.
Task<bool> SqlPool::open(std::shared_ptr<Loan> loan, Time until) {
    if (loan->connection().is_open()) co_return true;
    struct Opening {
        asio::steady_timer timer;
        bool is_over = false;
        std::exception_ptr error = nullptr;
    };
    const auto opening = std::make_shared<Opening>(Opening{asio::steady_timer(threads_.io(), until)});
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    Task<> task = open_connection(std::move(loan));
    asio::co_spawn(here, std::move(task), [opening](std::exception_ptr error) {
        opening->is_over = true;
        opening->error = std::move(error);
        opening->timer.cancel();
    });
    while (!opening->is_over && std::chrono::steady_clock::now() < until) {
        std::error_code ignored;
        co_await opening->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (opening->error) std::rethrow_exception(opening->error);
    co_return opening->is_over;
}

void SqlPool::take_back(std::unique_ptr<AsyncConnection> connection) {
    asio::post(strand_, [self = shared_from_this(), connection = std::move(connection)]() mutable {
        self->free_.push_back(std::move(connection));
        if (!self->waiting_.empty()) self->waiting_.front()->cancel();
    });
}

}  // namespace hil::worker
