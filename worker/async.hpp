// The coroutine that everything which waits is written as.
//
// Rules (g++ 12): parameters of coroutines are values or outlive the coroutine; no aggregate or lambda
// temporaries inside a co_await expression; no co_await in a catch block; no lock is held across co_await.
#pragma once

#include <asio/awaitable.hpp>

namespace hil::worker {

template <class T = void>
using Task = asio::awaitable<T>;

}  // namespace hil::worker
