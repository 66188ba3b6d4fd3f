#include "llm/slots.hpp"

#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

namespace hil::worker {

struct Slots::Waiter {
    Waiter(const asio::any_io_executor& executor, const std::optional<std::chrono::milliseconds>& limit)
        : executor(executor),
          turn(executor, limit ? since + *limit : asio::steady_timer::time_point::max()) {}

    const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    asio::any_io_executor executor;
    asio::steady_timer turn;  // touched on the executor only
    bool granted = false;     // under the lock of the slots
};

Slots::Held::Held(Held&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}

Slots::Held::~Held() {
    if (slots_ != nullptr) slots_->give_back();
}

std::optional<Slots::Held> Slots::try_take() {
    const std::lock_guard lock(mutex_);
    if (free_ == 0) return std::nullopt;
    --free_;
    return Held(this);
}

std::chrono::milliseconds Slots::slowness() const {
    const std::lock_guard lock(mutex_);
    if (waiters_.empty()) return std::chrono::milliseconds(0);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 waiters_.front()->since);
}

std::size_t Slots::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiters_.size();
}

Task<std::optional<Slots::Held>> Slots::take(std::optional<std::chrono::milliseconds> limit) {
    const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor, limit);
    {
        const std::lock_guard lock(mutex_);
        if (free_ > 0) {
            --free_;
            co_return Held(this);
        }
        waiters_.push_back(waiter);
    }
    asio::error_code error;
    co_await waiter->turn.async_wait(asio::redirect_error(asio::use_awaitable, error));
    const std::lock_guard lock(mutex_);
    if (waiter->granted) co_return Held(this);
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), waiter));
    if (error) throw asio::system_error(asio::error::operation_aborted);
    co_return std::nullopt;
}

void Slots::give_back() {
    std::shared_ptr<Waiter> next;
    {
        const std::lock_guard lock(mutex_);
        if (waiters_.empty()) {
            ++free_;
            return;
        }
        next = std::move(waiters_.front());
        waiters_.pop_front();
        next->granted = true;
    }
    asio::post(next->executor, [next] { next->turn.cancel(); });
}

}  // namespace hil::worker
