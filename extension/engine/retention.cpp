#include "engine/retention.hpp"

#include <limits>
#include <vector>

#include "core/refusal.hpp"
#include "engine/relay.hpp"
#include "engine/set_aside.hpp"
#include "engine/settings.hpp"
#include "pg/session.hpp"
#include "pg/statement.hpp"
#include "pg/subtransaction.hpp"
#include "pg/transaction.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using pg::Timestamp;
using pg::Uuid;

// Two statements, so that the second sees every row that was written before the conversations were locked. A
// conversation that somebody holds is left for the next purge.
const Statement<Timestamp, std::int32_t> lock_closed{
    "SELECT id FROM hil.conversations WHERE closed_at < $1 "
    "ORDER BY closed_at LIMIT $2 FOR UPDATE SKIP LOCKED"};
const Statement<std::vector<Uuid>> delete_rows{
    "WITH m AS (DELETE FROM hil.messages WHERE conversation_id = ANY ($1)), "
    "h AS (DELETE FROM hil.handover_events WHERE conversation_id = ANY ($1)), "
    "q AS (DELETE FROM hil.agent_queue WHERE conversation_id = ANY ($1)), "
    "a AS (DELETE FROM hil.conversation_analytics WHERE conversation_id = ANY ($1)), "
    "s AS (DELETE FROM hil.run_steps WHERE conversation_id = ANY ($1)), "
    "t AS (DELETE FROM hil.run_calls WHERE conversation_id = ANY ($1)), "
    "r AS (DELETE FROM hil.runs WHERE conversation_id = ANY ($1)) "
    "DELETE FROM hil.conversations WHERE id = ANY ($1)"};

// Bounds the memory of a purge, not its transaction.
constexpr std::int32_t purged_at_once = 1000;

Timestamp oldest_kept() {
    return {pg::clock_now().microseconds -
            static_cast<std::int64_t>(settings::retention_seconds) * 1'000'000};
}

std::int64_t delete_these(const std::vector<Uuid>& ids) {
    return static_cast<std::int64_t>(delete_rows(ids).processed);
}

// Deletes at most `at_most` conversations closed before then, the oldest first, and returns how many. All at
// once; where that fails one by one, so that the one with which it fails is at hand.
std::int64_t purge_closed(Timestamp before, std::int32_t at_most) {
    std::vector<Uuid> ids;
    for (const pg::Row& row : lock_closed(before, at_most))
        if (const auto id = row.get<Uuid>(0); take_up(id)) ids.push_back(id);
    put_down();
    if (ids.empty()) return 0;
    std::int64_t deleted = 0;
    if (!pg::subtransaction([&] { deleted = delete_these(ids); })) return deleted;
    deleted = 0;
    for (const Uuid& id : ids) {
        pg::let_interrupts_through();
        take_up(id);
        deleted += delete_these({id});
    }
    return deleted;
}

// The same, for whoever is told of a failure by its error.
std::int64_t purge_some(Timestamp before) {
    std::int64_t deleted = 0;
    put_down();
    const std::optional<pg::Failure> failure =
        pg::subtransaction([&] { deleted = purge_closed(before, purged_at_once); });
    if (failure)
        pg::raise("hil_purge failed" + (at_hand() ? " with conversation " + at_hand()->text() : ""),
                  *failure);
    return deleted;
}

}  // namespace

std::int64_t purge(Duration older_than) {
    const auto days = static_cast<std::int64_t>(older_than.seconds() / 86'400);
    if (older_than.microseconds < 0 || days > 365'000)
        throw Refusal(Reason::invalid_argument,
                      "older_than is " + std::to_string(days) + " days, 0 to 365,000 days are allowed",
                      "Pass a span such as '90 days'.");
    const Timestamp before{pg::clock_now().microseconds - older_than.microseconds};
    std::int64_t deleted = 0;
    while (const std::int64_t some = purge_some(before)) {
        pg::let_interrupts_through();
        deleted += some;
    }
    pg::take_errand(pg::Errand::purge_events);
    purge_events(before, std::numeric_limits<std::int64_t>::max());
    return deleted;
}

std::int64_t purge_old_conversations(std::int32_t at_most) {
    return settings::retention_seconds == 0 ? 0 : purge_closed(oldest_kept(), at_most);
}

std::int64_t purge_old_events(std::int32_t at_most) {
    if (settings::retention_seconds == 0 || !pg::try_errand(pg::Errand::purge_events)) return 0;
    return purge_events(oldest_kept(), at_most);
}

}  // namespace hil::engine
