// Runs coroutines in tests.
#pragma once

#include <asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "threads.hpp"

namespace hil::worker {

// Runs the task on a strand of `threads`, and input and output on this thread, until the task has ended.
// Returns what it returns, throws what it throws.
template <class T>
T run_task(Threads& threads, Task<T> task) {
    std::exception_ptr error;
    threads.io().restart();
    if constexpr (std::is_void_v<T>) {
        asio::co_spawn(threads.new_strand(), std::move(task), [&](std::exception_ptr thrown) {
            error = thrown;
            threads.stop();
        });
        threads.run();
        if (error) std::rethrow_exception(error);
    } else {
        std::optional<T> result;
        asio::co_spawn(threads.new_strand(), std::move(task), [&](std::exception_ptr thrown, T value) {
            error = thrown;
            if (!error) result.emplace(std::move(value));
            threads.stop();
        });
        threads.run();
        if (error) std::rethrow_exception(error);
        return std::move(*result);
    }
}

// On threads of its own.
template <class T>
T run_task(Task<T> task) {
    Threads threads(2);
    return run_task(threads, std::move(task));
}

}  // namespace hil::worker
