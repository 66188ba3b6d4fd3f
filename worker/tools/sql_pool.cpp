#include "tools/sql_pool.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <system_error>

namespace hil::worker {

SqlPool::SqlPool(Threads& threads, const std::string& url, int connections)
    : threads_(threads), strand_(threads.new_strand()) {
    for (int i = 0; i < connections; ++i) free_.push_back(std::make_unique<AsyncConnection>(threads, url));
}

Task<std::shared_ptr<SqlPool::Loan>> SqlPool::borrow() {
    Task<std::shared_ptr<Loan>> task = borrow_here();
    co_return co_await asio::co_spawn(strand_, std::move(task), asio::use_awaitable);
}

Task<std::shared_ptr<SqlPool::Loan>> SqlPool::borrow_here() {
    const std::shared_ptr<SqlPool> self = shared_from_this();
    asio::steady_timer timer(threads_.io());
    struct Listed {
        std::deque<asio::steady_timer*>& waiting;
        asio::steady_timer* timer;
        ~Listed() { waiting.erase(std::remove(waiting.begin(), waiting.end(), timer), waiting.end()); }
    };
    waiting_.push_back(&timer);
    const Listed listed{waiting_, &timer};
    while (free_.empty()) {
        std::error_code ignored;
        timer.expires_at(asio::steady_timer::time_point::max());
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    std::unique_ptr<AsyncConnection> connection = std::move(free_.back());
    free_.pop_back();
    co_return std::make_shared<Loan>(self, std::move(connection));
}

void SqlPool::take_back(std::unique_ptr<AsyncConnection> connection) {
    asio::post(strand_, [self = shared_from_this(), connection = std::move(connection)]() mutable {
        self->free_.push_back(std::move(connection));
        if (!self->waiting_.empty()) self->waiting_.front()->cancel();
    });
}

}  // namespace hil::worker
