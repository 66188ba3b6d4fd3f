#include "engine/run_rows.hpp"

#include <limits>

#include "core/refusal.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;

#define HIL_RUN_COLUMNS                                                                               \
    "conversation_id, id, workflow, revision, status, attempt, input_through, worker, steps, calls, " \
    "input_tokens, output_tokens, cost_usd"
const pg::By by_key{.index = "runs_pkey", .keys = "conversation_id, id"};
const pg::Lookup<std::int64_t> by_id{"runs", {.index = "runs_id", .keys = "id"}, HIL_RUN_COLUMNS};
const pg::Lookup<Uuid, std::int64_t> row{"runs", by_key, HIL_RUN_COLUMNS};
#undef HIL_RUN_COLUMNS
const pg::Lookup<Uuid> all_of{
    "runs", {.index = "runs_pkey", .keys = "conversation_id", .order = "id"}, "cost_usd"};
const pg::Lookup<Uuid> live_of{
    "runs",
    {.index = "runs_live", .keys = "conversation_id", .where = "status IN ('queued', 'running')"},
    "id"};
#define HIL_TOTALS "steps, calls, input_tokens, output_tokens, cost_usd"
const pg::Update<Uuid, std::int64_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::string>
    update_totals{"runs", by_key, HIL_TOTALS};
const pg::Update<Uuid, std::int64_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::string,
                 std::string, std::string, JsonText, Timestamp, Timestamp>
    update_ended{"runs", by_key, HIL_TOTALS ", status, sink, result, lease_until, finished_at"};
const pg::Update<Uuid, std::int64_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::string,
                 std::string, std::string, JsonText, Timestamp, Timestamp, std::string>
    update_ended_with_error{"runs", by_key,
                            HIL_TOTALS ", status, sink, result, lease_until, finished_at, error"};
const pg::Update<Uuid, std::int64_t, std::int32_t, std::int32_t, std::int64_t, std::int64_t, std::string,
                 std::string, Timestamp, std::string, Timestamp>
    update_requeued{"runs", by_key, HIL_TOTALS ", status, lease_until, error, run_after"};
#undef HIL_TOTALS

// Writes a row with the run's totals, and more.
template <class Update, class... More>
void write(const Update& update, const Run& run, const More&... more) {
    update(run.conversation, run.id, run.steps, run.calls, run.input_tokens, run.output_tokens, run.cost_usd,
           more...);
}

Run read(const pg::Row& row) {
    Run run;
    std::tie(run.conversation, run.id, run.workflow, run.revision, run.status, run.attempt, run.input_through,
             run.worker, run.steps, run.calls, run.input_tokens, run.output_tokens, run.cost_usd) =
        row.as<Uuid, std::int64_t, std::string, std::int32_t, std::string, std::int32_t, std::int64_t,
               std::optional<std::string>, std::int32_t, std::int32_t, std::int64_t, std::int64_t,
               std::string>();
    return run;
}

}  // namespace

void Run::add(const StepUsage& used) {
    input_tokens += used.input_tokens;
    output_tokens += used.output_tokens;
    if (used.cost_usd > 0) cost_usd = pg::sum(cost_usd, pg::decimal(used.cost_usd));
}

Run find_run(std::int64_t id) {
    const pg::Rows found = by_id.first(std::numeric_limits<std::int32_t>::max(), id);
    if (found.empty())
        throw Refusal(Reason::not_found, "there is no run " + std::to_string(id),
                      "Report only runs that hil_claim_runs returned.");
    std::optional<Run> running;
    for (const pg::Row& row : found) {
        Run run = read(row);
        if (run.status != "running") continue;
        if (running)
            throw Refusal(
                Reason::invalid_argument, "several conversations have a run " + std::to_string(id),
                "A sequence was set back, see hil_doctor(). Report by hil_report_runs, which is told "
                "the conversation.");
        running = std::move(run);
    }
    return running ? *std::move(running) : read(found.front());
}

bool is_there(const Uuid& conversation, std::int64_t id) { return row.find(conversation, id).has_value(); }

std::optional<Run> lock_run(const Uuid& conversation, std::int64_t id) {
    const std::optional<pg::Row> found = row.lock(conversation, id);
    if (!found) return std::nullopt;
    return read(*found);
}

std::optional<Run> try_lock_run(const Uuid& conversation, std::int64_t id) {
    const std::optional<pg::Row> found = row.try_lock(conversation, id);
    if (!found) return std::nullopt;
    return read(*found);
}

std::string cost_of_runs(const Uuid& conversation) {
    std::string cost = "0";
    for (const pg::Row& run : all_of.first(std::numeric_limits<std::int32_t>::max(), conversation))
        cost = pg::sum(cost, run.get<std::string>(0));
    return cost;
}

void save_totals(const Run& run) { write(update_totals, run); }

void end_run(const Run& run, const Ending& ending) {
    const auto end = [&](const auto& update, const auto&... more) {
        write(update, run, std::string(ending.status), ending.sink, ending.result, std::optional<Timestamp>(),
              pg::clock_now(), more...);
    };
    if (ending.error)
        end(update_ended_with_error, ending.error);
    else
        end(update_ended);
}

void requeue_run(const Run& run, const std::string& error, Duration delay) {
    write(update_requeued, run, std::string("queued"), std::optional<Timestamp>(), error,
          Timestamp{pg::clock_now().microseconds + delay.microseconds});
}

std::optional<std::int64_t> live_run(const Uuid& conversation) {
    const std::optional<pg::Row> row = live_of.find(conversation);
    if (!row) return std::nullopt;
    return row->get<std::int64_t>(0);
}

void cancel_live_run(const Uuid& conversation) {
    const std::optional<std::int64_t> id = live_run(conversation);
    if (!id) return;
    if (const std::optional<Run> run = lock_run(conversation, *id)) end_run(*run, {.status = "cancelled"});
}

}  // namespace hil::engine
