#include "pg/statement.hpp"

#include "pg/datum.hpp"
#include "pg/guard.hpp"

namespace hil::pg {
namespace {

// A result as the guard hands it out: cells of every row, in memory that belongs to SPI until release_result.
struct RawResult {
    RawValue* cells;
    std::size_t rows;
    std::size_t columns;
    SPITupleTable* table;
    std::uint64_t processed;
};

bool read_only_now = false;
bool by_index_now = false;

// The statement that is being run, which is planned where its plan is missing or out of date. Known by the
// address of its text, since what the statement sets off, such as a trigger's queries, is planned meanwhile,
// too.
struct Planning {
    const char* text;
    bool by_index;
};
Planning planning_now{nullptr, false};

class PlanningScope {
  public:
    explicit PlanningScope(Planning planning) : before_(planning_now) { planning_now = planning; }
    ~PlanningScope() { planning_now = before_; }
    PlanningScope(const PlanningScope&) = delete;
    PlanningScope& operator=(const PlanningScope&) = delete;

  private:
    Planning before_;
};

const char* text_of(SPIPlanPtr plan) {
    return static_cast<const CachedPlanSource*>(linitial(SPI_plan_get_plan_sources(plan)))->query_string;
}

planner_hook_type next_planner = nullptr;

void switch_off(const char* setting) {
    set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, ERROR, false);
}

// Plans hil's own statements under settings that hold for the planning alone: whoever reads or sets them
// while the statement runs deals with the session's own. An ERROR takes them back with its (sub)transaction.
PlannedStmt* plan_statement(Query* query, const char* text, int options, ParamListInfo parameters) {
    const auto plan = next_planner == nullptr ? standard_planner : next_planner;
    if (text == nullptr || text != planning_now.text) return plan(query, text, options, parameters);
    const int level = NewGUCNestLevel();
    // hil's statements touch few rows, and compiling one takes longer than a hundred of them. The planner
    // would want it wherever it knows no cheap way, as without sequential scans.
    switch_off("jit");
    if (planning_now.by_index) switch_off("enable_seqscan");
    PlannedStmt* planned = plan(query, text, options, parameters);
    AtEOXact_GUC(true, level);
    return planned;
}

void take_part_in_planning() {
    static bool taking_part = false;
    if (taking_part) return;
    taking_part = true;
    next_planner = planner_hook;
    planner_hook = plan_statement;
}

SPIPlanPtr prepare(const char* sql, const Oid* types, int count) {
    take_part_in_planning();
    // One plan for all values, made once: the statements are short, and planning one anew costs more than it
    // runs.
    SPIPlanPtr plan = SPI_prepare_cursor(sql, count, const_cast<Oid*>(types), CURSOR_OPT_GENERIC_PLAN);
    if (plan == nullptr)
        elog(ERROR, "hil: SPI_prepare failed (%s): %s", SPI_result_code_string(SPI_result), sql);
    if (SPI_keepplan(plan) != 0) elog(ERROR, "hil: SPI_keepplan failed: %s", sql);
    return plan;
}

RawResult execute(SPIPlanPtr plan, const RawValue* arguments, const Oid* types, std::size_t count,
                  bool read_only) {
    auto* datums = static_cast<Datum*>(palloc(sizeof(Datum) * (count + 1)));
    auto* nulls = static_cast<char*>(palloc(count + 1));
    for (std::size_t i = 0; i < count; ++i) {
        const bool null = arguments[i].kind == RawValue::Kind::null;
        nulls[i] = null ? 'n' : ' ';
        datums[i] = null ? Datum{0} : to_datum(arguments[i], types[i]);
    }
    const int code = SPI_execute_plan(plan, datums, nulls, read_only, 0);
    if (code < 0) elog(ERROR, "hil: SPI_execute_plan failed: %s", SPI_result_code_string(code));
    RawResult result{nullptr, 0, 0, SPI_tuptable, SPI_processed};
    if (SPI_tuptable == nullptr) return result;
    TupleDesc columns = SPI_tuptable->tupdesc;
    result.rows = SPI_processed;
    result.columns = static_cast<std::size_t>(columns->natts);
    MemoryContext before = MemoryContextSwitchTo(SPI_tuptable->tuptabcxt);
    result.cells = static_cast<RawValue*>(
        MemoryContextAllocHuge(CurrentMemoryContext, sizeof(RawValue) * (result.rows * result.columns + 1)));
    for (std::size_t row = 0; row < result.rows; ++row) {
        for (std::size_t column = 0; column < result.columns; ++column) {
            bool null = false;
            const int number = static_cast<int>(column) + 1;
            Datum datum = SPI_getbinval(SPI_tuptable->vals[row], columns, number, &null);
            result.cells[row * result.columns + column] =
                from_datum(datum, null, SPI_gettypeid(columns, number));
        }
    }
    MemoryContextSwitchTo(before);
    return result;
}

}  // namespace

StatementAccess::StatementAccess(bool read_only) : before_(read_only_now) { read_only_now = read_only; }
StatementAccess::~StatementAccess() { read_only_now = before_; }
bool StatementAccess::read_only() { return read_only_now; }

PlansByIndex::PlansByIndex() : before_(by_index_now) { by_index_now = true; }
PlansByIndex::~PlansByIndex() { by_index_now = before_; }

std::uint32_t sql_type(const Value& example) {
    static constexpr Oid types[] = {InvalidOid,   BOOLOID,      INT4OID,        INT8OID,     FLOAT8OID,
                                    TEXTOID,      UUIDOID,      TIMESTAMPTZOID, INTERVALOID, JSONBOID,
                                    TEXTARRAYOID, UUIDARRAYOID, INT8ARRAYOID};
    static_assert(std::size(types) == std::variant_size_v<Value>);
    return types[example.index()];
}

void run_command(const std::string& sql) {
    call(
        [](const char* text) {
            const int code = SPI_execute(text, false, 0);
            if (code < 0) elog(ERROR, "hil: SPI_execute failed: %s", SPI_result_code_string(code));
        },
        sql.c_str());
}

Rows KeptPlan::run(const std::vector<std::uint32_t>& types, const std::vector<Value>& arguments) const {
    if (plan_ == nullptr)
        plan_ = call(prepare, sql_, static_cast<const Oid*>(types.data()), static_cast<int>(types.size()));
    std::vector<std::vector<RawValue::Piece>> pieces(arguments.size());
    std::vector<RawValue> views;
    views.reserve(arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) views.push_back(view(arguments[i], pieces[i]));

    const auto plan = static_cast<SPIPlanPtr>(plan_);
    const PlanningScope planning({text_of(plan), by_index_now});
    const RawResult result = call(execute, plan, static_cast<const RawValue*>(views.data()),
                                  static_cast<const Oid*>(types.data()), types.size(), read_only_now);
    Rows rows;
    rows.processed = result.processed;
    rows.rows.reserve(result.rows);
    for (std::size_t row = 0; row < result.rows; ++row) {
        std::vector<Value> values;
        values.reserve(result.columns);
        for (std::size_t column = 0; column < result.columns; ++column)
            values.push_back(own(result.cells[row * result.columns + column]));
        rows.rows.emplace_back(std::move(values));
    }
    if (result.table != nullptr) call(SPI_freetuptable, result.table);
    return rows;
}

}  // namespace hil::pg
