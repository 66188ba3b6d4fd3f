#include "threads.hpp"

#include <gtest/gtest.h>

#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include "elsewhere.hpp"
#include "task_support.hpp"

namespace hil::worker {
namespace {

Task<int> twice(int number) { co_return 2 * number; }

Task<> fail() {
    throw std::runtime_error("no");
    co_return;
}

Task<> wait_for_ever(asio::io_context& io) {
    asio::steady_timer timer(io, std::chrono::steady_clock::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

Task<std::pair<std::thread::id, std::thread::id>> here_and_there(Threads& threads) {
    std::thread::id helper;
    const std::function<void()> look = [&helper] { helper = std::this_thread::get_id(); };
    co_await threads.to_helper(look);
    co_return std::pair(std::this_thread::get_id(), helper);
}

Task<> fail_on_a_helper(Threads& threads) {
    const std::function<void()> fail = [] { throw std::runtime_error("helper"); };
    co_await threads.to_helper(fail);
}

TEST(Threads, ATaskReturnsOrThrows) {
    EXPECT_EQ(run_task(twice(21)), 42);
    EXPECT_THROW(run_task(fail()), std::runtime_error);
}

TEST(Threads, WhatBlocksRunsElsewhereAndComesBack) {
    Threads threads(1);
    const auto [here, helper] = run_task(threads, here_and_there(threads));
    EXPECT_NE(here, std::thread::id());
    EXPECT_NE(helper, std::thread::id());
    EXPECT_NE(here, helper);
    EXPECT_NE(here, std::this_thread::get_id());
    EXPECT_THROW(run_task(threads, fail_on_a_helper(threads)), std::runtime_error);
}

// As when the server is gone, and every connection waits for it.
TEST(Threads, LeasesWaitForNobodyElsesHelper) {
    Threads threads(1);
    std::promise<void> renewed;
    const std::shared_future<void> all_wait(renewed.get_future());
    for (int i = 0; i < 16; ++i) {
        Task<> other = threads.to_helper([all_wait] { all_wait.wait(); });
        asio::co_spawn(threads.new_strand(), std::move(other), asio::detached);
    }
    Task<> leases = threads.to_helper([&renewed] { renewed.set_value(); }, Threads::Helper::leases);
    run_task(threads, std::move(leases));
    EXPECT_EQ(all_wait.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

// Whoever ends would wait for it.
TEST(Threads, WhatBlocksIsKnownUntilItHasEnded) {
    std::promise<void> begun, may_end;
    Threads threads(1);
    EXPECT_FALSE(threads.helper_is_busy());
    Task<> task = threads.to_helper([&] {
        begun.set_value();
        may_end.get_future().wait();
    });
    auto ended = asio::co_spawn(threads.new_strand(), std::move(task), asio::use_future);
    begun.get_future().wait();
    EXPECT_TRUE(threads.helper_is_busy());
    may_end.set_value();
    ended.get();
    EXPECT_FALSE(threads.helper_is_busy());
    auto failed = asio::co_spawn(threads.new_strand(), fail_on_a_helper(threads), asio::use_future);
    EXPECT_THROW(failed.get(), std::runtime_error);
    EXPECT_FALSE(threads.helper_is_busy());
}

TEST(Threads, WhatStillWaitsAtTheEndIsDestroyed) {
    auto alive = std::make_shared<int>(0);
    const std::weak_ptr<int> seen = alive;
    {
        Threads threads(2);
        asio::co_spawn(
            threads.new_strand(),
            [&threads, held = std::move(alive)]() -> Task<> { co_await wait_for_ever(threads.io()); },
            [](const std::exception_ptr&) {});
        run_task(threads, twice(1));
    }
    EXPECT_TRUE(seen.expired());
}

// The inner task waits on the I/O thread and is cancelled from a strand.
TEST(Elsewhere, ACancellationReachesTheTask) {
    Threads threads(2);
    for (int i = 0; i < 200; ++i) {
        asio::cancellation_signal signal;
        const asio::any_io_executor strand = threads.new_strand();
        std::exception_ptr error;
        threads.io().restart();
        asio::co_spawn(strand, elsewhere(threads.io().get_executor(), wait_for_ever(threads.io())),
                       asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& thrown) {
                           error = thrown;
                           threads.stop();
                       }));
        asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
        threads.run();
        EXPECT_THROW(std::rethrow_exception(error), std::system_error);
    }
}

TEST(Elsewhere, ReturnsWhatTheTaskReturnsAndThrowsWhatItThrows) {
    Threads threads(2);
    EXPECT_EQ(run_task(threads, elsewhere(threads.io().get_executor(), twice(4))), 8);
    EXPECT_THROW(run_task(threads, elsewhere(threads.io().get_executor(), fail())), std::runtime_error);
}

}  // namespace
}  // namespace hil::worker
