// Single rows by an index, read, locked, written: what the busiest paths do, below the executor. No Postgres
// header here.
//
// A kept plan costs an executor's start and, where rows are written, the parsing of every CHECK of the table,
// each time it runs; that is several times what the row itself costs. Each class here does exactly what the
// SQL statement in its first line does, with the same snapshots, locks, constraints and errors, and runs as
// that statement where somebody has given the table what only the executor serves: a trigger, row security,
// partitions, another access method.
//
// Objects are constants beside the functions that use them, as Statements are. All throw pg::Error.
#pragma once

#include <optional>
#include <string>

#include "pg/statement.hpp"

namespace hil::pg {

// Where rows are found: `keys` are the first columns of `index`, in order. `where` is the condition of a
// partial index. `order` is how the index orders rows of equal keys, as in ORDER BY.
struct By {
    const char* index = nullptr;
    const char* keys = nullptr;
    const char* where = nullptr;
    const char* order = nullptr;
};

// unheld: takes no lock, and leaves out rows that somebody is changing at this moment.
enum class Locking { none, wait, skip, unheld };

// The part that does not depend on the columns' types. Column lists are written as in SQL: "id, status".
class TableStatement {
  public:
    TableStatement(const TableStatement&) = delete;
    TableStatement& operator=(const TableStatement&) = delete;

    enum class Verb { find, insert, update };

  protected:
    struct Shape {
        Verb verb;
        const char* table;
        By by;
        const char* columns;    // read, inserted, or set
        const char* returning;  // of insert and update; nullptr where nothing is
        const char* guard;      // a trigger of hil's own that the caller has already satisfied; nullptr where
                                // there is none
    };

    explicit TableStatement(const Shape& shape) : shape_(shape) {}

    Rows run(std::vector<Value> arguments, Locking locking = Locking::none, std::size_t at_most = 1) const;

    static std::optional<Row> only(Rows rows) {
        if (rows.empty()) return std::nullopt;
        return std::move(rows.rows.front());
    }

  private:
    struct Prepared;  // what is kept from one call to the next
    Prepared& prepared() const;
    std::string sql(Locking locking) const;
    Rows run_sql(Prepared& now, std::vector<Value> arguments, Locking locking, std::size_t at_most) const;

    Shape shape_;
    mutable Prepared* prepared_ = nullptr;
};

// SELECT columns FROM table WHERE keys = … [AND where] [ORDER BY order] LIMIT 1 [FOR NO KEY UPDATE [SKIP
// LOCKED]]
template <class... Keys>
class Lookup : public TableStatement {
  public:
    Lookup(const char* table, const By& by, const char* columns)
        : TableStatement({Verb::find, table, by, columns, nullptr, nullptr}) {}

    std::optional<Row> find(const Keys&... keys) const { return only(run({Value(keys)...})); }
    // The first rows in the order of the index.
    Rows first(std::size_t at_most, const Keys&... keys) const {
        return run({Value(keys)...}, Locking::none, at_most);
    }
    // The same, without the rows that others hold as far as can be seen without asking for their lock: where
    // many sessions choose from the front of one index, asking for each other's locks is most of what they
    // do.
    Rows first_unheld(std::size_t at_most, const Keys&... keys) const {
        return run({Value(keys)...}, Locking::unheld, at_most);
    }
    // Waits for whoever holds the row, and returns its newest version.
    std::optional<Row> lock(const Keys&... keys) const { return only(run({Value(keys)...}, Locking::wait)); }
    // Nothing also where somebody holds the row.
    std::optional<Row> try_lock(const Keys&... keys) const {
        return only(run({Value(keys)...}, Locking::skip));
    }
};

// INSERT INTO table (columns) VALUES (…) [RETURNING returning]
template <class... Types>
class Insertion : public TableStatement {
  public:
    Insertion(const char* table, const char* columns, const char* returning = nullptr)
        : TableStatement({Verb::insert, table, {}, columns, returning, nullptr}) {}

    // What `returning` names; empty where it names nothing.
    Rows operator()(const std::optional<Types>&... values) const {
        return run({(values ? Value(*values) : Value())...});
    }
};

// UPDATE table SET columns = … WHERE keys = …: the keys are the first parameters, the new values the others.
// The row that is found is locked as Lookup::lock does. `guard` names a trigger of hil's own that need not
// run, since the caller has done what it does.
template <class... Types>
class Update : public TableStatement {
  public:
    Update(const char* table, const By& by, const char* columns, const char* guard = nullptr)
        : TableStatement({Verb::update, table, by, columns, nullptr, guard}) {}

    // False where there is no such row.
    bool operator()(const std::optional<Types>&... values) const {
        return run({(values ? Value(*values) : Value())...}, Locking::wait).processed > 0;
    }
};

}  // namespace hil::pg
