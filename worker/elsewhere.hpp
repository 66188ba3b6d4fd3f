// Runs a coroutine on another executor. For .cpp files: it brings in much of asio.
#pragma once

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "async.hpp"

namespace hil::worker {

template <class T>
struct DoneWith {
    using Signature = void(std::exception_ptr, T);
};
template <>
struct DoneWith<void> {
    using Signature = void(std::exception_ptr);
};

// Awaits the task, which runs on `where` (a strand, or the I/O thread), and comes back to the caller's
// executor. A cancellation of the caller reaches the task there: asio's co_spawn alone would touch the task's
// state in the wrong thread.
template <class T>
Task<T> elsewhere(asio::any_io_executor where, Task<T> task) {
    auto initiate = [where](auto handler, Task<T> started) {
        auto signal = std::make_shared<asio::cancellation_signal>();
        const auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            asio::cancellation_slot(slot).assign([where, signal](asio::cancellation_type type) {
                asio::post(where, [signal, type] { signal->emit(type); });
            });
        }
        const auto back = asio::get_associated_executor(handler);
        auto done = [handler = std::move(handler), signal](auto&&... result) mutable {
            std::move(handler)(std::forward<decltype(result)>(result)...);
        };
        asio::co_spawn(
            where, std::move(started),
            asio::bind_cancellation_slot(signal->slot(), asio::bind_executor(back, std::move(done))));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, typename DoneWith<T>::Signature>(
        std::move(initiate), asio::use_awaitable, std::move(task));
}

}  // namespace hil::worker
