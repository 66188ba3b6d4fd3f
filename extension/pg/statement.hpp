// SQL run from C++: kept plans, typed parameters, results as C++ values. No Postgres header here.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "pg/values.hpp"

namespace hil::pg {

// What a statement returned, copied out of Postgres.
class Row {
  public:
    explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

    // The columns as a tuple, for structured bindings: `auto [id, name] = row.as<Uuid,
    // std::optional<std::string>>()`. A NULL where a plain type is asked for is a fault of the program
    // (std::logic_error).
    template <class... Types>
    std::tuple<Types...> as() const {
        if (sizeof...(Types) != values_.size())
            throw std::logic_error("a row has another number of columns than asked for");
        return columns<Types...>(std::index_sequence_for<Types...>{});
    }

    template <class Type>
    Type get(std::size_t column) const {
        return Column<Type>::read(values_.at(column));
    }

    const std::vector<Value>& values() const { return values_; }

  private:
    template <class Type>
    struct Column {
        static Type read(const Value& value) { return std::get<Type>(value); }
    };
    template <class Type>
    struct Column<std::optional<Type>> {
        static std::optional<Type> read(const Value& value) {
            if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
            return std::get<Type>(value);
        }
    };
    template <class... Types, std::size_t... At>
    std::tuple<Types...> columns(std::index_sequence<At...>) const {
        return {Column<Types>::read(values_[At])...};
    }

    std::vector<Value> values_;
};

struct Rows {
    std::vector<Row> rows;
    std::uint64_t processed = 0;  // rows returned, inserted, updated or deleted

    bool empty() const { return rows.empty(); }
    // The first row. std::logic_error where there is none: callers expect one, or look with empty().
    const Row& front() const {
        if (rows.empty()) throw std::logic_error("a statement that returns a row returned none");
        return rows.front();
    }
    auto begin() const { return rows.begin(); }
    auto end() const { return rows.end(); }
};

// While it lives, statements run read-only on the caller's snapshot, as in a STABLE or IMMUTABLE function
// they must; otherwise each statement sees what was committed before it and what this transaction did.
// run_function opens one.
class StatementAccess {
  public:
    explicit StatementAccess(bool read_only);
    ~StatementAccess();
    StatementAccess(const StatementAccess&) = delete;
    StatementAccess& operator=(const StatementAccess&) = delete;

    static bool read_only();

  private:
    bool before_;
};

// While it lives, statements are planned to find rows by an index wherever there is one. For tables that are
// empty at times: a plan made at such a moment would read the whole table for as long as it is kept. What a
// statement sets off, such as a DBA's trigger, is planned by the session's own settings.
class PlansByIndex {
  public:
    PlansByIndex();
    ~PlansByIndex();
    PlansByIndex(const PlansByIndex&) = delete;
    PlansByIndex& operator=(const PlansByIndex&) = delete;

  private:
    bool before_;
};

// The part of Statement that does not depend on its parameters' types. Prepared at the first use in a backend
// and kept; Postgres plans it anew when a table it names changes.
class KeptPlan {
  public:
    KeptPlan(const KeptPlan&) = delete;
    KeptPlan& operator=(const KeptPlan&) = delete;

  protected:
    explicit KeptPlan(const char* sql) : sql_(sql) {}
    void use(const char* sql) { sql_ = sql; }
    Rows run(const std::vector<std::uint32_t>& types, const std::vector<Value>& arguments) const;

  private:
    const char* sql_;
    mutable void* plan_ = nullptr;
};

// The SQL type of a parameter, by its C++ type.
std::uint32_t sql_type(const Value& example);

// Runs one utility command that is not known before, such as a GRANT; never for what a plan can be kept of.
void run_command(const std::string& sql);

// One SQL statement with typed parameters, a constant beside the function that runs it:
//   const Statement<Uuid, std::string> rename{"UPDATE hil.human_agents SET name = $2 WHERE id = $1"};
//   rename(id, "Ann");
// Needs the connection to SPI that run_function opens. Throws pg::Error.
template <class... Parameters>
class Statement : public KeptPlan {
  public:
    explicit Statement(const char* sql) : KeptPlan(sql) {}

    Rows operator()(const std::optional<Parameters>&... arguments) const {
        static const std::vector<std::uint32_t> types{sql_type(Value(Parameters{}))...};
        std::vector<Value> values;
        values.reserve(sizeof...(Parameters));
        (values.push_back(arguments ? Value(*arguments) : Value()), ...);
        return run(types, values);
    }
};

}  // namespace hil::pg
