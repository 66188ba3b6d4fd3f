#include "db/async_connection.hpp"

#include <fcntl.h>

#include <asio/bind_executor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "db/libpq.hpp"

namespace hil::worker {

using Socket = asio::posix::stream_descriptor;
using Clock = std::chrono::steady_clock;

Task<> AsyncConnection::open() {
    if (connection_ != nullptr) co_return;
    // The helper outlives a caller that is destroyed meanwhile.
    const auto fresh = std::make_shared<ConnectionPtr>();
    const std::function<void()> blocking = [fresh, url = url_] { *fresh = connect(url); };
    co_await threads_.to_helper(blocking, helper_);
    const int own = fcntl(PQsocket(fresh->get()), F_DUPFD_CLOEXEC, 0);
    if (own < 0) throw std::system_error(errno, std::generic_category(), "a connection's socket");
    socket_ = std::make_unique<Socket>(threads_.io(), own);
    connection_ = std::move(*fresh);
}

void AsyncConnection::close() {
    if (connection_ == nullptr) return;
    if (busy_) ask_to_cancel(connection_.get());
    busy_ = false;
    socket_.reset();
    connection_.reset();
}

Task<Result> AsyncConnection::execute(std::string sql, std::vector<Parameter> parameters,
                                      std::chrono::milliseconds limit) {
    // A cancel that the server gets before the statement would be lost.
    if (interrupted_) throw DatabaseError("the worker is ending", "57014", /*connection_lost=*/false);
    co_await open();
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const Parameter& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);

    struct CloseUnlessDone {
        AsyncConnection& connection;
        bool done = false;
        ~CloseUnlessDone() {
            if (!done) connection.close();
        }
    } guard{*this};
    busy_ = true;
    if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, /*resultFormat=*/0) == 0) {
        throw error_of(connection_.get(), nullptr);
    }
    const Deadline deadline = Clock::now() + limit;
    // The last result counts: a COMMIT that fails comes after the rows.
    PGresult* raw = nullptr;
    Result result(raw);
    for (;;) {
        co_await await_answer(deadline);
        PGresult* next = PQgetResult(connection_.get());
        if (next == nullptr) break;
        result = Result(raw = next);
    }
    busy_ = false;
    const ExecStatusType status = PQresultStatus(raw);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        DatabaseError error = error_of(connection_.get(), raw);
        guard.done = !error.connection_lost();
        throw error;
    }
    guard.done = true;
    co_return result;
}

// Returns when PQgetResult would not wait.
Task<> AsyncConnection::await_answer(Deadline deadline) {
    bool cancelled = false;
    for (;;) {
        const int unsent = PQflush(connection_.get());
        if (unsent < 0) throw error_of(connection_.get(), nullptr);
        if (unsent == 0 && PQisBusy(connection_.get()) == 0) co_return;
        if (!cancelled && interrupted_) deadline = Clock::now();
        const Woken woken = co_await wait(unsent > 0 ? Socket::wait_write : Socket::wait_read, deadline);
        if (woken == Woken::by_socket) {
            // There is nothing to be read yet while the statement is being sent; asking does no harm.
            if (PQconsumeInput(connection_.get()) == 0) throw error_of(connection_.get(), nullptr);
        } else if (woken == Woken::by_deadline && cancelled) {
            throw DatabaseError("the server does not answer", "", /*connection_lost=*/true);
        } else if (!cancelled && (interrupted_ || woken == Woken::by_deadline)) {
            ask_to_cancel(connection_.get());
            cancelled = true;
            deadline = Clock::now() + time_to_cancel;
        }
    }
}

Task<AsyncConnection::Woken> AsyncConnection::wait(asio::posix::descriptor_base::wait_type what,
                                                   Deadline deadline) {
    // Both the timer and a call end the waiting by cancelling it; the flags say which of them it was.
    const auto expired = std::make_shared<bool>(false);
    const auto alive = std::make_shared<bool>(true);
    asio::steady_timer timer(threads_.io(), deadline);
    auto expire = [this, expired, alive](const std::error_code& error) {
        if (error || !*alive) return;
        *expired = true;
        socket_->cancel();
    };
    timer.async_wait(asio::bind_executor(co_await asio::this_coro::executor, std::move(expire)));
    struct Over {
        bool& waiting;
        bool& alive;
        ~Over() { waiting = alive = false; }
    } over{waiting_, *alive};
    waiting_ = true;
    std::error_code error;
    co_await socket_->async_wait(what, asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_return Woken::by_socket;
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none || connection_ == nullptr)
        throw std::system_error(asio::error::operation_aborted);
    co_return *expired ? Woken::by_deadline : Woken::by_call;
}

bool AsyncConnection::take_notifications() {
    bool any = false;
    while (PGnotify* notification = PQnotifies(connection_.get())) {
        any = true;
        PQfreemem(notification);
    }
    return any;
}

Task<bool> AsyncConnection::notified(Deadline until) {
    co_await open();
    for (;;) {
        // One may have come with the answer of the last statement.
        if (take_notifications()) co_return true;
        if (std::exchange(woken_, false)) co_return false;
        const Woken woken = co_await wait(Socket::wait_read, until);
        if (woken == Woken::by_deadline) co_return false;
        if (woken == Woken::by_socket && PQconsumeInput(connection_.get()) == 0) {
            const DatabaseError error = error_of(connection_.get(), nullptr);
            close();
            throw error;
        }
    }
}

void AsyncConnection::wake() {
    woken_ = true;
    if (waiting_ && !busy_) socket_->cancel();
}

void AsyncConnection::interrupt() {
    interrupted_ = true;
    if (waiting_ && busy_) socket_->cancel();
}

}  // namespace hil::worker
