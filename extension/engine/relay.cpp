#include "engine/relay.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "core/frontier.hpp"
#include "core/refusal.hpp"
#include "engine/events.hpp"
#include "engine/wake.hpp"
#include "pg/session.hpp"
#include "pg/transaction.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Statement;
using pg::Timestamp;

// How many events one statement moves or deletes.
constexpr std::int32_t batch = 1000;

// $1: where to begin; $2: how many. What stands in the outbox, and what the frontier needs to know of that
// moment.
const Statement<std::int64_t, std::int32_t> look{
    "SELECT 'hil.outbox'::regclass::oid::bigint, "
    "(SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM hil.outbox_id_seq), "
    "pg_current_snapshot()::text, min(o.id), max(o.id), count(*) "
    "FROM (SELECT id FROM hil.outbox WHERE id > $1 ORDER BY id LIMIT $2) o"};

// $1, $2: the ids. The newest seq lies at the end of the index, and only whoever has the errand writes there.
const Statement<std::int64_t, std::int64_t> move_range{
    "WITH moved AS (DELETE FROM hil.outbox WHERE id BETWEEN $1 AND $2 RETURNING *) "
    "INSERT INTO hil.events (seq, conversation_id, agent_id, type, payload, announced, at) "
    "SELECT (SELECT coalesce(max(seq), 0) FROM hil.events) + row_number() OVER (ORDER BY id), "
    "conversation_id, agent_id, type, payload, announced, at FROM moved"};

const Statement<> find_seqs{
    "SELECT coalesce((SELECT max(seq) FROM hil.announced_through), 0), "
    "coalesce((SELECT max(seq) FROM hil.events), 0)"};
const Statement<std::int64_t, std::int64_t, std::int32_t> list_unannounced{
    "SELECT seq, type, conversation_id, agent_id, payload FROM hil.events "
    "WHERE seq > $1 AND seq <= $2 AND NOT announced ORDER BY seq LIMIT $3"};
const Statement<> find_queue_usage{"SELECT pg_notification_queue_usage()"};
const Statement<std::int64_t, std::int64_t> advance{
    "WITH before AS (DELETE FROM hil.announced_through WHERE seq = $1) "
    "INSERT INTO hil.announced_through VALUES ($2)"};

#define HIL_EVENT_COLUMNS "seq, conversation_id, agent_id, type, payload, at "
const Statement<std::int64_t, std::int32_t> list_since{
    "SELECT " HIL_EVENT_COLUMNS "FROM hil.events WHERE seq > $1 ORDER BY seq LIMIT $2"};
const Statement<> find_newest{"SELECT " HIL_EVENT_COLUMNS "FROM hil.events ORDER BY seq DESC LIMIT 1"};
#undef HIL_EVENT_COLUMNS

// $1: where to begin; $2: the last that may go; $3: the time; $4: how many.
const Statement<std::int64_t, std::int64_t, Timestamp, std::int32_t> find_last_old{
    "SELECT max(seq) FILTER (WHERE seq < coalesce(kept, seq + 1)), count(*) FROM "
    "(SELECT seq, min(seq) FILTER (WHERE at >= $3) OVER () AS kept FROM "
    " (SELECT seq, at FROM hil.events WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $4) e) e"};
const Statement<std::int64_t, std::int64_t> delete_range{
    "DELETE FROM hil.events WHERE seq > $1 AND seq <= $2"};

// What this process knows of the outbox, and which outbox that is: the extension may be dropped and created
// anew.
Frontier frontier;
std::int64_t frontiers_table = 0;
// The transaction in which this process moved events last. What it looks at is gone in its own eyes alone,
// and comes back if it fails, so it teaches the frontier nothing more.
std::uint64_t moved_in = 0;
// The seq that this process tried to announce last.
std::int64_t tried = 0;

struct Waiting {
    std::int64_t table, first, last, count;
    Sight sight;
};

Waiting look_after(std::int64_t id) {
    Waiting waiting{};
    std::string snapshot;
    std::optional<std::int64_t> last;
    std::tie(waiting.table, waiting.sight.newest_id, snapshot, waiting.sight.first, last, waiting.count) =
        look(id, batch)
            .front()
            .as<std::int64_t, std::int64_t, std::string, std::optional<std::int64_t>,
                std::optional<std::int64_t>, std::int64_t>();
    waiting.first = waiting.sight.first.value_or(0);
    waiting.last = last.value_or(0);
    waiting.sight.snapshot = read_snapshot(snapshot);
    waiting.sight.next_transaction = pg::next_transaction_id();
    waiting.sight.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    return waiting;
}

// Looks from the frontier on, or at everything where it says so, and lets it know.
Waiting look_beyond_frontier() {
    Waiting waiting = look_after(frontier.id());
    if (moved_in != 0 && moved_in == pg::transaction_id()) return waiting;
    if (waiting.table != frontiers_table) {
        frontier = Frontier();
        frontiers_table = waiting.table;
    }
    const bool sweep = frontier.must_sweep(waiting.sight);
    if (sweep && frontier.id() > 0) waiting = look_after(0);
    frontier.saw(waiting.sight, sweep);
    return waiting;
}

}  // namespace

std::int64_t relay(std::int32_t at_most) {
    const pg::PlansByIndex by_index;
    if (!pg::sees_new_commits()) return 0;
    Waiting waiting = look_beyond_frontier();
    if (waiting.count == 0 || !pg::try_errand(pg::Errand::relay)) return 0;
    // Whoever has read a seq may rely on it, also after a crash.
    pg::commit_to_disk();
    std::int64_t moved = 0;
    for (;;) {
        moved += static_cast<std::int64_t>(move_range(waiting.first, waiting.last).processed);
        moved_in = pg::transaction_id();
        if (waiting.count < batch || moved >= at_most) return moved;
        pg::let_interrupts_through();
        waiting = look_after(waiting.last);
        if (waiting.count == 0) return moved;
    }
}

std::int64_t announce_relayed(std::int32_t at_most) {
    const pg::PlansByIndex by_index;
    if (!pg::sees_new_commits()) return 0;
    const auto [announced, newest] = find_seqs().front().as<std::int64_t, std::int64_t>();
    // A queue of notifications that was full stays full for Postgres when all of it has been read: only a
    // NOTIFY that succeeds, or this, takes out what is read. Here the last try failed at its commit; where no
    // scheduler runs, any call that notifies may have.
    if (tried > announced || !scheduler_runs_here()) find_queue_usage();
    if (announced >= newest) return 0;
    if (!pg::try_errand(pg::Errand::relay)) return 0;
    auto [before, through] = find_seqs().front().as<std::int64_t, std::int64_t>();
    const pg::Rows events = list_unannounced(before, through, at_most);
    for (const pg::Row& row : events) {
        const auto [seq, type, conversation, agent, text] =
            row.as<std::int64_t, std::string, std::optional<Uuid>, std::optional<Uuid>, JsonText>();
        announce(type, conversation, agent, with_member(text.text, "\"seq\":" + std::to_string(seq)));
        if (events.processed == static_cast<std::uint64_t>(at_most)) through = seq;
    }
    if (through == before) return 0;  // announced by another session while this one looked
    tried = through;
    pg::notify("hil_events", Json{{"seq", through}}.dump());
    advance(before, through);
    return static_cast<std::int64_t>(events.processed);
}

pg::Rows events_since(const std::optional<std::int64_t>& after, std::int32_t max_events) {
    const pg::PlansByIndex by_index;
    if (!after) return find_newest();
    if (*after < 0)
        throw Refusal(
            Reason::invalid_argument, "after is " + std::to_string(*after) + ", 0 or more is allowed",
            "Pass the seq of the last event that you have, 0 for all, or NULL for the newest alone.");
    if (max_events < 1 || max_events > 10'000)
        throw Refusal(Reason::invalid_argument,
                      "max_events is " + std::to_string(max_events) + ", 1 to 10000 is allowed",
                      "Ask again with the last seq that you got for what comes after it.");
    return list_since(*after, max_events);
}

std::int64_t purge_events(Timestamp before, std::int64_t at_most) {
    const pg::PlansByIndex by_index;
    // Where nobody else relays, what is old may stand in the outbox still.
    if (!scheduler_runs_here()) {
        relay(std::numeric_limits<std::int32_t>::max());
        announce_relayed(std::numeric_limits<std::int32_t>::max());
    }
    const auto [announced, newest] = find_seqs().front().as<std::int64_t, std::int64_t>();
    const std::int64_t may_go = std::min(announced, newest - 1);
    std::int64_t deleted = 0;
    for (std::int64_t gone = 0; deleted < at_most;) {
        pg::let_interrupts_through();
        const auto [last, seen] = find_last_old(gone, may_go, before, batch)
                                      .front()
                                      .as<std::optional<std::int64_t>, std::int64_t>();
        if (!last) break;
        deleted += static_cast<std::int64_t>(delete_range(gone, *last).processed);
        gone = *last;
        if (seen < batch) break;
    }
    return deleted;
}

}  // namespace hil::engine
