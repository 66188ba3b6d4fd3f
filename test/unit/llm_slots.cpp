// So many at a time, in the order in which they came, and nobody's slot is lost.
#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>

#include "llm/slots.hpp"
#include "task_support.hpp"

namespace hil::worker {
namespace {

Task<> hold(Slots& slots, std::atomic<int>& inside, std::atomic<int>& most) {
    const std::optional<Slots::Held> held = co_await slots.take();
    const int now = ++inside;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    --inside;
}

TEST(LlmSlots, AreNeverMoreThanSoMany) {
    Threads threads(4);
    Slots slots(7);
    std::atomic<int> inside{0}, most{0}, ended{0};
    for (int i = 0; i < 300; ++i)
        asio::co_spawn(threads.new_strand(), hold(slots, inside, most), [&](const std::exception_ptr& error) {
            EXPECT_FALSE(error);
            if (++ended == 300) threads.stop();
        });
    threads.run();
    EXPECT_EQ(most, 7);
    EXPECT_EQ(slots.waiting(), 0U);
    EXPECT_TRUE(slots.try_take().has_value());
}

// Every waiter on one strand, so that the order in which they come is known.
TEST(LlmSlots, AreGivenInOrderAndACancelledOneLeavesTheLine) {
    Threads threads(2);
    Slots slots(1);
    const asio::any_io_executor strand = threads.new_strand();
    std::vector<int> order;
    asio::cancellation_signal cancel;
    std::exception_ptr cancelled;
    std::atomic<int> ended{0};
    const auto took = [&](int number) {
        return [&, number](std::exception_ptr error, std::optional<Slots::Held> held) {
            if (error) {
                cancelled = error;
            } else {
                order.push_back(number);
            }
            held.reset();  // before the test looks for it
            if (++ended == 4) threads.stop();
        };
    };
    const auto take = [&]() -> Task<std::optional<Slots::Held>> { co_return co_await slots.take(); };
    std::optional<Slots::Held> first;
    asio::post(strand, [&] {
        asio::co_spawn(strand, take(), [&](const std::exception_ptr&, std::optional<Slots::Held> held) {
            first.emplace(std::move(*held));
        });
        for (int i = 1; i <= 4; ++i)
            asio::co_spawn(
                strand, take(),
                asio::bind_cancellation_slot(i == 2 ? cancel.slot() : asio::cancellation_slot(), took(i)));
    });
    std::thread player([&] {
        while (slots.waiting() < 4) std::this_thread::yield();
        asio::post(strand, [&] { cancel.emit(asio::cancellation_type::terminal); });
        while (slots.waiting() > 3) std::this_thread::yield();
        asio::post(strand, [&] { first.reset(); });
    });
    threads.run();
    player.join();
    EXPECT_EQ(order, (std::vector{1, 3, 4}));
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(slots.try_take().has_value());
}

TEST(LlmSlots, WhoeverWaitsOnlyForAWhileLeavesTheLine) {
    Threads threads(2);
    Slots slots(1);
    std::optional<Slots::Held> only = slots.try_take();
    ASSERT_TRUE(only.has_value());
    EXPECT_FALSE(slots.try_take().has_value());
    EXPECT_EQ(slots.slowness(), std::chrono::milliseconds(0)) << "nobody waits";
    EXPECT_FALSE(run_task(threads, slots.take(std::chrono::milliseconds(5))).has_value());
    EXPECT_EQ(slots.waiting(), 0U);
    only.reset();
    EXPECT_TRUE(run_task(threads, slots.take(std::chrono::milliseconds(5))).has_value());
}

TEST(LlmSlots, ALineIsAsSlowAsItsFirstHasWaited) {
    Threads threads(2);
    Slots slots(1);
    std::optional<Slots::Held> only = slots.try_take();
    std::thread player([&] {
        while (slots.slowness() < std::chrono::milliseconds(20)) std::this_thread::yield();
        only.reset();
    });
    EXPECT_TRUE(run_task(threads, slots.take()).has_value());
    player.join();
    EXPECT_EQ(slots.slowness(), std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace hil::worker
