#include "pg/table.hpp"

#include <memory>

#include "pg/guard.hpp"
#include "pg/table_heap.hpp"

namespace hil::pg {
namespace {

// The same as SQL, for tables that are not plain. Its text is put together once, from constants of the
// program.
class SqlForm : public KeptPlan {
  public:
    explicit SqlForm(std::string text) : KeptPlan(nullptr), text_(std::move(text)) { use(text_.c_str()); }
    using KeptPlan::run;

  private:
    std::string text_;
};

std::vector<std::string> split(const char* list) {
    std::vector<std::string> names;
    std::string_view rest = list == nullptr ? "" : list;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(", "), rest.size());
        names.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    return names;
}

// "a = $1 AND b = $2", and the like.
std::string numbered(const std::vector<std::string>& names, const char* between, std::size_t first,
                     bool named) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += between;
        if (named) out += names[i] + " = ";
        out += "$" + std::to_string(first + i);
    }
    return out;
}

std::string condition(const By& by) {
    std::string out = numbered(split(by.keys), " AND ", 1, true);
    if (by.where != nullptr) out += (out.empty() ? "" : " AND ") + std::string(by.where);
    return out.empty() ? out : " WHERE " + out;
}

void append_types(std::vector<std::uint32_t>& types, const heap::Columns& columns) {
    types.insert(types.end(), columns.types, columns.types + columns.count);
}

Rows owned(const heap::Found& found, int columns) {
    Rows out;
    out.processed = found.rows;
    for (std::size_t row = 0; row < found.rows && columns > 0; ++row) {
        std::vector<Value> values;
        values.reserve(columns);
        for (int i = 0; i < columns; ++i) values.push_back(own(found.cells[row * columns + i]));
        out.rows.emplace_back(std::move(values));
    }
    return out;
}

// One use of a Target at a time: what a CHECK calls could come here again.
class InUse {
  public:
    explicit InUse(bool& flag) : flag_(flag) { flag_ = true; }
    ~InUse() { flag_ = false; }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;

  private:
    bool& flag_;
};

}  // namespace

struct TableStatement::Prepared {
    heap::Target* target = nullptr;
    bool in_use = false;
    std::vector<std::uint32_t> types;  // of the parameters
    std::unique_ptr<SqlForm> sql[4];   // by Locking
};

TableStatement::Prepared& TableStatement::prepared() const {
    if (prepared_ == nullptr) prepared_ = new Prepared;
    Prepared& now = *prepared_;
    if (now.in_use || (now.target != nullptr && now.target->resolved_at == heap::generation())) return now;
    heap::Target* target = call(heap::resolve, shape_.verb, shape_.table, shape_.by, shape_.columns,
                                shape_.returning, shape_.guard);
    if (now.target != nullptr) call(heap::forget, now.target);
    now.target = target;
    now.types.clear();
    append_types(now.types, target->keys);
    if (shape_.verb == Verb::find)
        now.types.push_back(INT8OID);
    else
        append_types(now.types, target->columns);
    return now;
}

std::string TableStatement::sql(Locking locking) const {
    const std::string table = std::string("hil.") + shape_.table;
    const std::vector<std::string> columns = split(shape_.columns);
    switch (shape_.verb) {
        case Verb::insert:
            return "INSERT INTO " + table + " (" + shape_.columns + ") VALUES (" +
                   numbered(columns, ", ", 1, false) + ")" +
                   (shape_.returning == nullptr ? "" : std::string(" RETURNING ") + shape_.returning);
        case Verb::update:
            return "UPDATE " + table + " SET " +
                   numbered(columns, ", ", 1 + split(shape_.by.keys).size(), true) + condition(shape_.by);
        case Verb::find:
            break;
    }
    static constexpr const char* endings[] = {"", " FOR NO KEY UPDATE", " FOR NO KEY UPDATE SKIP LOCKED", ""};
    // Parameters of LIMIT come last; the index gives the order, and is named where it has more columns than
    // the keys.
    return std::string("SELECT ") + shape_.columns + " FROM " + table + condition(shape_.by) +
           (shape_.by.order == nullptr ? "" : std::string(" ORDER BY ") + shape_.by.order) + " LIMIT $" +
           std::to_string(split(shape_.by.keys).size() + 1) + endings[static_cast<int>(locking)];
}

Rows TableStatement::run_sql(Prepared& now, std::vector<Value> arguments, Locking locking,
                             std::size_t at_most) const {
    std::unique_ptr<SqlForm>& form = now.sql[static_cast<int>(locking)];
    if (!form) form = std::make_unique<SqlForm>(sql(locking));
    if (shape_.verb == Verb::find) arguments.emplace_back(static_cast<std::int64_t>(at_most));
    return form->run(now.types, arguments);
}

Rows TableStatement::run(std::vector<Value> arguments, Locking locking, std::size_t at_most) const {
    std::vector<std::vector<RawValue::Piece>> pieces(arguments.size());
    std::vector<RawValue> views;
    views.reserve(arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) views.push_back(view(arguments[i], pieces[i]));

    for (int tries = 0; tries < 3; ++tries) {
        Prepared& now = prepared();
        if (!now.target->plain || now.in_use) break;
        const InUse in_use(now.in_use);
        const heap::Target* target = now.target;
        const RawValue* values = views.data();
        heap::Found found{};
        if (shape_.verb == Verb::insert)
            found = call(heap::insert, target, values);
        else if (shape_.verb == Verb::update)
            found = call(heap::update, target, values);
        else
            found = call(heap::find, target,
                         heap::Search{values, locking, at_most, StatementAccess::read_only()});
        Rows rows;
        if (!found.stale)
            rows = owned(found, shape_.verb == Verb::find ? target->columns.count : target->returning.count);
        call(heap::release, found);
        if (!found.stale) return rows;
    }
    return run_sql(prepared(), std::move(arguments), locking, at_most);
}

}  // namespace hil::pg
