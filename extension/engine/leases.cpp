#include "engine/leases.hpp"

#include <limits>

#include "core/refusal.hpp"
#include "engine/failures.hpp"
#include "engine/handovers.hpp"
#include "engine/queue.hpp"
#include "engine/set_aside.hpp"
#include "engine/settings.hpp"
#include "engine/workflows.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using Int64s = std::vector<std::int64_t>;

// A run is its conversation's: the same id may be another conversation's too, where a sequence was set back.
// The ids are gathered first and looked up one by one: joined with the table, they would at times be found by
// reading all of it. Of two due runs with one id the second is left for the next claim. A run that has steps
// or calls goes on where it stopped, so it keeps the input for which they were made.
const Statement<std::string, std::int32_t, Duration, Timestamp> claim{
    "WITH due AS MATERIALIZED (SELECT conversation_id, id FROM hil.runs WHERE status = 'queued' "
    "                          AND run_after <= $4 ORDER BY run_after, id LIMIT $2 "
    "                          FOR NO KEY UPDATE SKIP LOCKED) "
    "UPDATE hil.runs r SET status = 'running', attempt = r.attempt + 1, worker = $1, "
    "lease_until = clock_timestamp() + $3, started_at = coalesce(r.started_at, clock_timestamp()), "
    "input_through = CASE WHEN r.steps + r.calls > 0 THEN r.input_through "
    "                ELSE (SELECT coalesce(max(m.id), 0) FROM hil.messages m "
    "                      WHERE m.conversation_id = r.conversation_id) END "
    "WHERE r.id = ANY (ARRAY(SELECT id FROM due)) AND r.conversation_id = "
    "(ARRAY(SELECT conversation_id FROM due))[array_position(ARRAY(SELECT id FROM due), r.id)] "
    "RETURNING r.conversation_id, r.id"};

// Customers may write any number of messages while nobody answers; a run's input has the newest of them, up
// to the one that passes $2 bytes, so that a hundred such conversations cannot keep a claim from succeeding:
// the server needs several times as much memory as it returns.
constexpr std::int64_t max_input_bytes = 256 << 10;
// So do the results of calls, of which the first ones are whole: models look most at the last ones, but what
// was asked later builds on the first.
constexpr std::int64_t max_result_bytes = 2 << 20;
const Statement<Int64s, std::int64_t, std::int64_t, std::vector<Uuid>> select_claimed{
    "SELECT r.id, r.attempt, r.conversation_id, r.workflow, r.revision, jsonb_build_object("
    "'customer_message', u.content, 'omitted_messages', u.omitted, "
    "'messages', (SELECT coalesce(jsonb_agg(jsonb_build_object('sender_type', m.sender_type, 'content', "
    "m.content, "
    "    'at', m.created_at, 'unanswered', m.sender_type = 'user' AND m.id > c.answered_through) ORDER BY "
    "m.id), '[]') FROM (SELECT n.*, coalesce(sum(octet_length(n.content)) "
    "OVER "
    "(ORDER BY n.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) "
    "    AS before FROM (SELECT * FROM hil.messages WHERE conversation_id = c.id AND id <= r.input_through "
    "ORDER BY id DESC "
    "    LIMIT 50) n) m WHERE m.before < $2), "
    "'memory_context', CASE WHEN c.episodes = '[]' THEN '' ELSE (SELECT coalesce(string_agg(concat_ws('; ', "
    "        format('Episode ended %s: %s%s', left(e ->> 'at', 10), e ->> 'status', "
    "               coalesce(' by ' || (SELECT a.name FROM hil.human_agents a WHERE a.id = (e ->> "
    "'agent')::uuid), "
    "                        ' by the AI or the customer')), "
    "        'hand-overs so far: ' || (e ->> 'handovers'), 'notes: ' || nullif(e ->> 'notes', '')), E'\\n' "
    "ORDER BY n), '') "
    "    FROM jsonb_array_elements(c.episodes) WITH ORDINALITY AS t (e, n)) END, "
    "'instructions', r.instructions, "
    "'conversation', jsonb_build_object('id', c.id, 'metadata', c.metadata, 'handover_count', "
    "c.handover_count, "
    "    'created_at', c.created_at), "
    "'steps', CASE WHEN r.steps = 0 THEN '{}' ELSE (SELECT coalesce(jsonb_object_agg(s.node, s.output), "
    "'{}') FROM hil.run_steps s "
    "    WHERE s.conversation_id = c.id AND s.run_id = r.id) END, "
    "'spent', jsonb_build_object('input_tokens', r.input_tokens, 'output_tokens', r.output_tokens, "
    "    'cost_usd', r.cost_usd, 'calls', r.calls), "
    "'calls', CASE WHEN r.calls = 0 THEN '{}' ELSE (SELECT coalesce(jsonb_object_agg(n.node, n.calls), '{}') "
    "    FROM (SELECT k.node, jsonb_agg(jsonb_build_object('call', k.call, 'turn', k.turn, 'tool', k.tool, "
    "              'arguments', k.arguments, 'message', k.message, 'usage', k.usage, "
    "              'result', CASE WHEN k.bytes <= $3 THEN k.result "
    "                        ELSE left(k.result, 200) || ' [the rest was left out: the results of this run "
    "are "
    "too long]' END, "
    "              'is_error', k.is_error) ORDER BY k.call) AS calls "
    "          FROM (SELECT i.*, sum(octet_length(i.result)) OVER (ORDER BY i.started_at, i.node, i.call) AS "
    "bytes "
    "                FROM hil.run_calls i WHERE i.conversation_id = c.id AND i.run_id = r.id "
    "                AND NOT EXISTS (SELECT 1 FROM hil.run_steps d WHERE d.conversation_id = c.id "
    "                                AND d.run_id = r.id AND d.node = i.node)) k "
    "          GROUP BY k.node) n) END) "
    "FROM hil.runs r JOIN hil.conversations c ON c.id = r.conversation_id CROSS JOIN LATERAL "
    "(SELECT coalesce(string_agg(m.content, E'\\n' ORDER BY m.id) FILTER (WHERE m.before < $2), '') AS "
    "content, "
    "        count(*) FILTER (WHERE m.before >= $2) AS omitted "
    " FROM (SELECT id, content, coalesce(sum(octet_length(content)) OVER "
    "       (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM "
    "hil.messages "
    "       WHERE conversation_id = c.id AND id > c.answered_through AND id <= r.input_through "
    "       AND sender_type = 'user') m) u "
    "WHERE r.id = ANY ($1) AND r.conversation_id = $4[array_position($1, r.id)] ORDER BY r.id"};

// A run whose row is locked is being reported on by its own worker, or taken away at this moment: it is not
// renewed, so that the others need not wait for it, and counts as held as long as it is. expire_leases passes
// it over, too.
const Statement<std::string, Int64s, Duration> renew{
    "WITH free AS MATERIALIZED (SELECT conversation_id, id FROM hil.runs WHERE id = ANY ($2) AND worker = $1 "
    "              AND status = 'running' FOR NO KEY UPDATE SKIP LOCKED), "
    "renewed AS (UPDATE hil.runs r SET lease_until = clock_timestamp() + $3 FROM free "
    "            WHERE r.conversation_id = free.conversation_id AND r.id = free.id) "
    "SELECT id FROM hil.runs WHERE id = ANY ($2) AND worker = $1 AND status = 'running'"};

// Nobody can renew a lease while the server is away, and that ends no attempt: a run that was begun before $3
// is passed over.
const Statement<std::int32_t, Timestamp, Timestamp> select_expired{
    "SELECT conversation_id, id FROM hil.runs WHERE status = 'running' AND lease_until < $2 "
    "AND (started_at < $3) IS NOT TRUE ORDER BY lease_until LIMIT $1"};
const Statement<Uuid, std::int64_t> still_expired{
    "SELECT lease_until < clock_timestamp() FROM hil.runs WHERE conversation_id = $1 AND id = $2"};
// Nor does the AI answer meanwhile: passed over is what was queued or begun before $4, and was not tried in
// vain since.
const Statement<std::int32_t, Duration, Timestamp, Timestamp> select_overdue{
    "SELECT conversation_id, id FROM hil.runs WHERE status IN ('queued', 'running') AND created_at < $3 - $2 "
    "AND least(started_at, run_after) >= $4 ORDER BY created_at LIMIT $1"};
const Statement<Uuid, std::int64_t> last_error{
    "SELECT error FROM hil.runs WHERE conversation_id = $1 AND id = $2"};

Timestamp (*say_writable_since)() = pg::server_start;

// What workers have, once the server is back, to find it and to renew or answer.
constexpr std::int64_t time_to_come_back = 30'000'000;

// Runs that were begun before are excused where their leases or their time are over.
Timestamp excused_before(Timestamp now) {
    constexpr Timestamp always{std::numeric_limits<std::int64_t>::min()};  // -infinity
    const Timestamp since = writable_since();
    return now.microseconds < since.microseconds + time_to_come_back ? since : always;
}

void require_lease(Duration lease) {
    constexpr std::int64_t second = 1'000'000, day = 86'400 * second;
    if (lease.microseconds < second || lease.microseconds > day)
        throw Refusal(
            Reason::invalid_argument,
            "lease is " + std::to_string(lease.seconds()) + " seconds, 1 second to 1 day is allowed",
            "Pass an interval such as '60 s', longer than a step takes.");
}

bool live(const Run& run) { return run.status == "queued" || run.status == "running"; }

// Workers and the scheduler keep their sessions, and with them plans that were made when the tables were
// small.
template <class... Parameters>
pg::Rows by_index(const Statement<Parameters...>& statement, const Parameters&... parameters) {
    const pg::PlansByIndex plans_by_index;
    return statement(parameters...);
}

// What whoever operates hil reads of a run that had no result in time: how far it had come, and what had
// kept it from coming further.
std::string overdue_error(const Run& run) {
    const std::string attempt = "attempt " + std::to_string(run.attempt);
    const std::string worker = ", worker " + run.worker.value_or("?");
    std::string text =
        "no result within hil.ai_timeout (" + std::to_string(settings::ai_timeout_seconds) + " s); ";
    if (run.attempt == 0)
        text += "no worker claimed the run";
    else if (run.status == "running")
        text += attempt + worker;
    else
        text += "nobody claimed it again after " + attempt + worker;
    const auto before =
        by_index(last_error, run.conversation, run.id).front().get<std::optional<std::string>>(0);
    return before ? text + "; before that: " + *before : text;
}

// Does `act` for each listed run that is still there once its conversation and it are locked; counts those
// for which it returned true. Conversations that somebody holds are left for the next round.
template <class Act>
std::int64_t for_each_locked(const pg::Rows& listed, Act act) {
    std::int64_t done = 0;
    for (const pg::Row& row : listed) {
        pg::let_interrupts_through();
        const auto [id, run_id] = row.as<Uuid, std::int64_t>();
        if (!take_up(id)) continue;
        std::optional<Conversation> conversation = try_lock(id);
        if (!conversation) continue;
        const std::optional<Run> run = try_lock_run(id, run_id);
        if (!run || !live(*run)) continue;
        if (conversation->state != State::ai_processing) {
            // Somebody typed the state: the run has lost its conversation, and would stop every round to
            // come.
            end_run(*run, {.status = "cancelled"});
            continue;
        }
        if (act(*conversation, *run)) ++done;
    }
    return done;
}

}  // namespace

Timestamp writable_since() { return say_writable_since(); }
void set_writable_since(Timestamp (*function)()) { say_writable_since = function; }

pg::Rows claim_runs(const std::string& worker, std::int32_t max_runs, Duration lease) {
    if (max_runs < 1 || max_runs > 1000)
        throw Refusal(Reason::invalid_argument,
                      "max_runs is " + std::to_string(max_runs) + ", 1 to 1000 is allowed",
                      "Claim as many runs as the worker has room for.");
    require_lease(lease);
    std::vector<Uuid> conversations;
    Int64s claimed;
    for (const pg::Row& row : by_index(claim, worker, max_runs, lease, pg::clock_now())) {
        conversations.push_back(row.get<Uuid>(0));
        claimed.push_back(row.get<std::int64_t>(1));
    }
    if (claimed.empty()) return {};
    return by_index(select_claimed, claimed, max_input_bytes, max_result_bytes, conversations);
}

Int64s renew_runs(const std::string& worker, const Int64s& runs, Duration lease) {
    require_lease(lease);
    Int64s held;
    for (const pg::Row& row : by_index(renew, worker, runs, lease)) held.push_back(row.get<std::int64_t>(0));
    return held;
}

std::int64_t expire_leases(std::int32_t at_most) {
    const Timestamp now = pg::clock_now();
    return for_each_locked(by_index(select_expired, at_most, now, excused_before(now)),
                           [](Conversation& conversation, const Run& run) {
                               if (run.status != "running" ||
                                   !by_index(still_expired, run.conversation, run.id).front().get<bool>(0))
                                   return false;
                               end_attempt(
                                   conversation, run,
                                   {.error = "worker " + run.worker.value_or("?") + " lost its lease"});
                               return true;
                           });
}

std::int64_t time_out_runs(std::int32_t at_most) {
    const Duration limit{static_cast<std::int64_t>(settings::ai_timeout_seconds) * 1'000'000};
    const Timestamp now = pg::clock_now();
    return for_each_locked(by_index(select_overdue, at_most, limit, now, excused_before(now)),
                           [](Conversation& conversation, const Run& run) {
                               end_run(run, {.status = "failed", .error = overdue_error(run)});
                               hand_over(conversation,
                                         {.reason = "The AI did not answer in time", .notice = "error"},
                                         config_of(run.workflow, run.revision));
                               return true;
                           });
}

}  // namespace hil::engine
