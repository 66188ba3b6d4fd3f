// Ranges of an index, read below the executor: for what is asked so often that an executor's start counts. No
// Postgres header here.
#pragma once

#include <initializer_list>

#include "pg/statement.hpp"

namespace hil::pg {

// A condition on a column of the index, the first being 1. The value has the column's type.
struct Bound {
    enum class Is { below = 1, at_most = 2, equal = 3, at_least = 4, above = 5 };
    int column;
    Is is;
    Value value;
};

// A column of a row that is visited; what it points to is gone after the visit. One of integer (integer,
// bigint), text and integers (bigint[]) is set where it is not NULL.
struct Cell {
    bool null = true;
    std::int64_t integer = 0;
    std::string_view text;
    const std::int64_t* integers = nullptr;
    std::size_t count = 0;  // of integers
};

// Rows of a table of the schema hil in the order of one of its B-trees, or backwards.
struct Range {
    const char* table;
    const char* index;
    std::vector<Bound> bounds = {};
    std::vector<const char*> columns = {};
    bool backwards = false;

    static constexpr std::size_t most = 4;  // bounds, and columns
};

namespace detail {
bool visit(const Range& range, bool (*visitor)(void* state, const Cell* cells), void* state);
void push_snapshot(bool read_only);
void pop_snapshot();
}  // namespace detail

// Calls `visitor(cells)` for the rows that the active snapshot shows, until it returns false; it must neither
// throw nor call Postgres. Returns false, without a visit, where the table is one that only the executor can
// read: then run a Statement. Throws pg::Error.
template <class Visitor>
bool visit(const Range& range, Visitor visitor) {
    return detail::visit(
        range, [](void* state, const Cell* cells) { return (*static_cast<Visitor*>(state))(cells); },
        &visitor);
}

// Runs `read()` on one snapshot, however many statements and ranges it reads: the caller's in a STABLE
// function, otherwise one that shows what was committed until now and what this transaction did.
template <class Read>
auto on_one_snapshot(Read read) {
    detail::push_snapshot(StatementAccess::read_only());
    const StatementAccess access(true);
    auto result = read();
    // Where `read` throws, the end of the transaction or subtransaction takes the snapshot.
    detail::pop_snapshot();
    return result;
}

}  // namespace hil::pg
