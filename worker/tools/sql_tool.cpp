#include "tools/sql_tool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "tools/result_text.hpp"

namespace hil::worker {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The server ends a statement that takes too long; this is for a server that does not.
constexpr milliseconds grace{2'000};

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string call_text(const CallContext& context) {
    return text_of({{"idempotency_key", context.idempotency_key},
                    {"run_id", context.run_id},
                    {"conversation_id", context.conversation_id},
                    {"node", context.node},
                    {"call", context.call}});
}

// The name is looked up as the role sees it, and quoted by the server.
constexpr const char* find_function =
    "SELECT format('SELECT %I.%I($1::jsonb, $2::jsonb)', n.nspname, p.proname),"
    " set_config('statement_timeout', $2::text, true)"
    " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    " WHERE p.oid = to_regprocedure($1::text || '(jsonb, jsonb)')";

constexpr const char* record_call =
    "SELECT hil_record_calls($1::bigint, $2::int, $3::text, $4::jsonb) ->> 'action'";

std::vector<Parameter> record_of(const ToolOutcome& outcome, const CallContext& context, long long took) {
    const Json call = {
        {"call", context.call}, {"result", outcome.text}, {"is_error", false}, {"duration_ms", took}};
    return {std::to_string(context.run_id), std::to_string(context.attempt), context.node,
            text_of(Json::array({call}))};
}

long long milliseconds_since(Clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - start).count();
}

milliseconds time_to(Clock::time_point until) {
    return std::max(std::chrono::duration_cast<milliseconds>(until - Clock::now()), milliseconds(0));
}

ToolOutcome nothing_done(const std::string& why) {
    return {.text = "error: " + why + "; nothing was done", .is_error = true};
}

// Of an error after the function was called.
std::string in_words(const DatabaseError& error) {
    // What a server that only reads refuses had no effect.
    const bool is_refused = error.sqlstate() == "25006";
    if (error.connection_lost() && !is_refused)
        return std::string("no answer: ") + error.what() + "; it is not known whether the call had an effect";
    return "error: " + error.sqlstate() + " " + error.what();
}

}  // namespace

SqlTool::SqlTool(SqlToolConfig config, std::shared_ptr<SqlPool> pool)
    : config_(std::move(config)), parameters_(config_.parameters), pool_(std::move(pool)) {}

Task<ToolOutcome> SqlTool::call(const Json& arguments, const CallContext& context) {
    const auto start = Clock::now();
    const Time until = start + config_.timeout;
    const std::string given = text_of(parameters_.with_key(arguments, context.idempotency_key));
    const std::shared_ptr<SqlPool::Loan> loan = co_await pool_->borrow(until);
    ToolOutcome outcome;
    if (loan == nullptr) {
        outcome = nothing_done("no connection was free");
    } else {
        Task<ToolOutcome> task = call_over(loan, given, context, until);
        outcome = co_await std::move(task);
    }
    outcome.duration_ms = milliseconds_since(start);
    co_return outcome;
}

Task<ToolOutcome> SqlTool::call_over(std::shared_ptr<SqlPool::Loan> loan, std::string arguments,
                                     const CallContext& context, Time until) {
    for (;;) {
        // One that has been idle may be lost without anybody having noticed.
        const bool was_idle = loan->connection().is_open();
        std::string failure = "there was no connection in time";
        try {
            const bool is_open = co_await pool_->open(loan, until);
            if (is_open) failure.clear();
        } catch (const DatabaseError& error) {
            failure = error.what();
        }
        if (!failure.empty()) co_return nothing_done(failure);
        Task<std::optional<ToolOutcome>> task = transaction(loan->connection(), arguments, context, until);
        std::optional<ToolOutcome> outcome = co_await std::move(task);
        if (outcome) co_return std::move(*outcome);
        if (!was_idle) co_return nothing_done("the connection was lost");
    }
}

Task<std::optional<ToolOutcome>> SqlTool::transaction(AsyncConnection& database, std::string arguments,
                                                      const CallContext& context, Time until) {
    // A call that is cancelled leaves no open transaction to the next one.
    struct Guard {
        AsyncConnection& database;
        bool is_clean = false;
        ~Guard() {
            if (!is_clean) database.close();
        }
    } guard{database};
    std::optional<ToolOutcome> outcome;
    bool is_called = false, is_lost = false;
    try {
        const std::string statement = co_await begin(database, until);
        is_called = !statement.empty();
        if (is_called) {
            outcome = co_await run(database, statement, arguments, context, until);
        } else {
            outcome = ToolOutcome{"error: there is no function " + config_.function + "(jsonb, jsonb)", true};
        }
    } catch (const DatabaseError& error) {
        is_lost = error.connection_lost();
        if (is_called || !is_lost)
            outcome = ToolOutcome{
                result_text(in_words(error), static_cast<std::size_t>(config_.max_result_bytes)), true};
    }
    if (!outcome || outcome->is_error) {
        try {
            if (database.is_open()) co_await database.execute("ROLLBACK");
        } catch (const DatabaseError&) {
            database.close();
        }
    }
    guard.is_clean = true;
    co_return outcome;
}

// Returns the statement that calls the function; "" where there is none.
Task<std::string> SqlTool::begin(AsyncConnection& database, Time until) {
    const std::vector<Parameter> none;
    const std::string begin = config_.read_only ? "BEGIN READ ONLY" : "BEGIN";
    co_await database.execute(begin, none, time_to(until) + grace);
    const milliseconds left = std::max(time_to(until), milliseconds(1));
    const std::vector<Parameter> named = {config_.function, std::to_string(left.count())};
    const Result found = co_await database.execute(find_function, named, left + grace);
    co_return found.rows() == 0 ? "" : std::string(found.text(0, 0));
}

Task<ToolOutcome> SqlTool::run(AsyncConnection& database, std::string statement, std::string arguments,
                               const CallContext& context, Time until) {
    const auto start = Clock::now();
    const auto max_bytes = static_cast<std::size_t>(config_.max_result_bytes);
    const std::vector<Parameter> given = {arguments, call_text(context)};
    const Result result = co_await database.execute(statement, given, time_to(until) + grace);
    ToolOutcome outcome;
    outcome.text =
        result_text(result.rows() == 0 || result.is_null(0, 0) ? "null" : result.text(0, 0), max_bytes);
    if (!config_.read_only) {
        const std::vector<Parameter> record = record_of(outcome, context, milliseconds_since(start));
        const Result verdict = co_await database.execute(record_call, record, time_to(until) + grace);
        const bool stopped = verdict.text(0, 0) != "continue";
        if (stopped) co_return nothing_done("the run is over");
    }
    const std::vector<Parameter> none;
    co_await database.execute("COMMIT", none, time_to(until) + grace);
    outcome.recorded = !config_.read_only;
    co_return outcome;
}

}  // namespace hil::worker
