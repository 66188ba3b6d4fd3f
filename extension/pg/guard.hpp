// The boundary between C++ and Postgres, in two verbs.
//
//   call   C++ → Postgres: runs a Postgres function; its ERROR (a longjmp) becomes a thrown pg::Error.
//   entry  Postgres → C++: runs C++ code; what it throws becomes an ERROR, raised after the catch block is
//   left.
//
// Nobody else writes PG_TRY or catches `...`. Two rules keep both sides whole:
// - What runs inside `call` holds only trivially destructible objects, because a longjmp runs no destructor.
// The
//   guard enforces it for its arguments and its result; the body of a lambda must keep to it.
// - No destructor calls Postgres: it may run while an ERROR is on its way.
#pragma once

#include "pg/prelude.hpp"
// after the prelude
#include "pg/error.hpp"

namespace hil::pg {

namespace detail {

// What an ERROR must find as it was: the handlers' stack, the error context and the memory context.
struct Surroundings {
    sigjmp_buf* exception_stack = PG_exception_stack;
    ErrorContextCallback* context_stack = error_context_stack;
    MemoryContext memory = CurrentMemoryContext;

    void restore_handlers() const {
        PG_exception_stack = exception_stack;
        error_context_stack = context_stack;
    }
};
static_assert(std::is_trivially_destructible_v<Surroundings>);

// Takes the ERROR that was just raised off Postgres's stack and throws it as a pg::Error.
[[noreturn]] void throw_raised_error(const Surroundings& surroundings);

// Keeps the exception being handled for raise_kept; called inside a catch block, allocates nothing by
// Postgres.
void keep_exception() noexcept;

// Raises what keep_exception kept as an ERROR; called after the catch block is left.
[[noreturn]] void raise_kept();

}  // namespace detail

// Runs `function(args...)`, which calls Postgres, and returns its result. Throws pg::Error when Postgres
// raises ERROR.
template <class Function, class... Args>
auto call(Function function, Args... args) -> std::invoke_result_t<Function, Args...> {
    using Result = std::invoke_result_t<Function, Args...>;
    static_assert((std::is_trivially_destructible_v<Args> && ...),
                  "a longjmp would skip an argument's destructor");
    static_assert(std::is_trivially_destructible_v<Function>, "a longjmp would skip a capture's destructor");
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>,
                  "a longjmp would skip the result's destructor");
    const detail::Surroundings surroundings;
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        try {
            if constexpr (std::is_void_v<Result>) {
                function(args...);
                surroundings.restore_handlers();
                return;
            } else {
                Result result = function(args...);
                surroundings.restore_handlers();
                return result;
            }
        } catch (...) {
            surroundings.restore_handlers();
            throw;
        }
    }
    surroundings.restore_handlers();
    detail::throw_raised_error(surroundings);
}

// Runs `body()`, C++ code called by Postgres, and returns its result. Whatever it throws becomes an ERROR: a
// pg::Error as it was raised, a Refusal with its SQLSTATE, std::bad_alloc as 53200, anything else as XX000.
template <class Body>
auto entry(Body&& body) -> std::invoke_result_t<Body> {
    using Result = std::invoke_result_t<Body>;
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);
    try {
        return body();
    } catch (...) {
        detail::keep_exception();
    }
    detail::raise_kept();
}

// Runs `body()`, and returns what it throws; nullptr where it throws nothing. Only for who rolls back the
// (sub)transaction in which the body ran, since a pg::Error must not be swallowed otherwise.
template <class Body>
std::exception_ptr caught(Body&& body) {
    try {
        body();
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

// What was thrown, as the ERROR that entry would raise for it.
Failure failure_of(const std::exception_ptr& thrown);

}  // namespace hil::pg
