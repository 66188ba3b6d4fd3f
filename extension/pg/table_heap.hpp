// How a TableStatement runs below the executor. Used by table.cpp and range.cpp; what is declared here runs
// inside a guard.
#pragma once

#include "pg/datum.hpp"
#include "pg/table.hpp"

namespace hil::pg::heap {

constexpr int max_columns = 40;

// Columns of one table, as the statement names them.
struct Columns {
    int count = 0;
    AttrNumber numbers[max_columns] = {};
    Oid types[max_columns] = {};
};

struct Default {
    AttrNumber column;
    ExprState* value;
};

// What is looked up once per backend and kept until the table changes. All that it points to lies in
// `memory`.
struct Target {
    MemoryContext memory;
    std::uint64_t resolved_at;  // the generation: what was looked up is no newer than it
    Oid table;
    Oid index;   // of the keys; InvalidOid for insertions
    bool plain;  // nobody gave the table what only the executor serves
    Columns keys, columns, returning;
    ScanKeyData scan_keys[INDEX_MAX_KEYS];
    EState* executor;
    ExprState* predicate;     // of the index, where it is partial
    ResultRelInfo* relation;  // for writing; nullptr for reading
    Oid* indexes;             // all of the table's, in the order of `relation`
    Default* defaults;        // of the columns that an insertion does not name
    int default_count;
};

// Rows on their way out: `cells`, row after row, lie in `memory` until release().
struct Found {
    bool stale;  // the table changed since it was resolved: nothing was done
    std::size_t rows;
    RawValue* cells;
    std::size_t room;  // cells that fit
    MemoryContext memory;
};

// Whether nobody gave the table what only the executor serves, for statements of that kind.
bool is_plain(Relation table, TableStatement::Verb verb, const char* guard);

// An index built while somebody held an older version of a row may lack entries for the oldest snapshots.
bool usable_now(Relation index);

Target* resolve(TableStatement::Verb verb, const char* table, const By& by, const char* columns,
                const char* returning, const char* guard);
void forget(Target* target);

// Rises whenever one of the tables in use, or an index of theirs, may have changed. A Target resolved before
// is stale.
std::uint64_t generation();

struct Search {
    const RawValue* keys;
    Locking locking;
    std::size_t at_most;  // rows
    bool read_only;       // on the caller's snapshot
};
Found find(const Target* target, Search search);
Found insert(const Target* target, const RawValue* values);
Found update(const Target* target, const RawValue* arguments);
void release(Found found);

}  // namespace hil::pg::heap
