#include "engine/run_rows.hpp"

#include "core/refusal.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Statement;

const Statement<std::int64_t> select_run{
    "SELECT conversation_id, id, workflow, revision, status, attempt, input_through, worker FROM hil.runs "
    "WHERE id = $1"};
const Statement<Uuid, std::int64_t> lock_row{
    "SELECT conversation_id, id, workflow, revision, status, attempt, input_through, worker FROM hil.runs "
    "WHERE conversation_id = $1 AND id = $2 FOR NO KEY UPDATE"};
const Statement<Uuid, std::int64_t> try_lock_row{
    "SELECT conversation_id, id, workflow, revision, status, attempt, input_through, worker FROM hil.runs "
    "WHERE conversation_id = $1 AND id = $2 FOR NO KEY UPDATE SKIP LOCKED"};
const pg::Lookup<Uuid> live_of{
    "runs",
    {.index = "runs_live", .keys = "conversation_id", .where = "status IN ('queued', 'running')"},
    "id"};
const Statement<Uuid, std::int64_t, std::string, std::string, JsonText, std::string> update_ended{
    "UPDATE hil.runs r SET status = $3, sink = $4, result = $5, error = coalesce($6, error), lease_until = "
    "NULL, "
    "finished_at = clock_timestamp(), cost_usd = s.cost, input_tokens = s.input, output_tokens = s.output "
    "FROM (SELECT coalesce(sum(cost_usd), 0) AS cost, coalesce(sum((usage ->> 'input_tokens')::numeric), 0) "
    "AS input, "
    "      coalesce(sum((usage ->> 'output_tokens')::numeric), 0) AS output "
    "      FROM hil.run_steps WHERE conversation_id = $1 AND run_id = $2) s "
    "WHERE r.conversation_id = $1 AND r.id = $2"};
const Statement<Uuid, std::int64_t, std::string, Duration> update_requeued{
    "UPDATE hil.runs SET status = 'queued', lease_until = NULL, error = $3, run_after = clock_timestamp() + "
    "$4 "
    "WHERE conversation_id = $1 AND id = $2"};

Run read(const pg::Row& row) {
    Run run;
    std::tie(run.conversation, run.id, run.workflow, run.revision, run.status, run.attempt, run.input_through,
             run.worker) = row.as<Uuid, std::int64_t, std::string, std::int32_t, std::string, std::int32_t,
                                  std::int64_t, std::optional<std::string>>();
    return run;
}

}  // namespace

Run find_run(std::int64_t id) {
    const pg::Rows rows = select_run(id);
    if (rows.empty())
        throw Refusal(Reason::not_found, "there is no run " + std::to_string(id),
                      "Report only runs that hil_claim_runs returned.");
    return read(rows.front());
}

std::optional<Run> lock_run(const Uuid& conversation, std::int64_t id) {
    const pg::Rows rows = lock_row(conversation, id);
    if (rows.empty()) return std::nullopt;
    return read(rows.front());
}

std::optional<Run> try_lock_run(const Uuid& conversation, std::int64_t id) {
    const pg::Rows rows = try_lock_row(conversation, id);
    if (rows.empty()) return std::nullopt;
    return read(rows.front());
}

void end_run(const Run& run, const Ending& ending) {
    update_ended(run.conversation, run.id, std::string(ending.status), ending.sink, ending.result,
                 ending.error);
}

void requeue_run(const Run& run, const std::string& error, Duration delay) {
    update_requeued(run.conversation, run.id, error, delay);
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
