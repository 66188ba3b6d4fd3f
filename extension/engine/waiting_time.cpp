#include "engine/waiting_time.hpp"

#include <algorithm>
#include <cmath>

#include "engine/positions.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

// Fewer say nothing.
constexpr std::int64_t fewest_takes = 3;
// So many entries before an entry are counted one by one; the limit in the statement.
constexpr std::int64_t counted_exactly = 100;

// All of one snapshot: the pace; how many of the same skill set wait with higher priorities and with the
// same; how many of these stand before the entry, the nearest ones; and how many of all skill sets wait with
// higher priorities and with the same.
const Statement<Uuid, std::int64_t> read_queue{
    "SELECT pace.takes, pace.seconds / pace.weight, "
    "coalesce(own_set.higher, 0) + coalesce(not_folded.higher_own, 0), "
    "coalesce(own_set.same, 0) + coalesce(not_folded.same_own, 0), "
    "(SELECT count(*) FROM (SELECT FROM hil.agent_queue q WHERE q.status = 'pending' "
    "  AND q.skill_set_id = own.skill_set_id AND q.priority = own.priority AND q.ticket < own.ticket "
    "  ORDER BY q.ticket DESC LIMIT $2 + 1) nearest), "
    "coalesce((SELECT sum(w) FROM unnest(root.waiting[1:own.priority - 1]) w)::bigint, 0) "
    "  + coalesce(not_folded.higher, 0), "
    "coalesce(root.waiting[own.priority], 0) + coalesce(not_folded.same, 0) "
    "FROM hil.agent_queue own JOIN hil.skill_set_paces pace ON pace.skill_set_id = own.skill_set_id "
    "LEFT JOIN LATERAL (SELECT * FROM hil.queue_counts ORDER BY id DESC LIMIT 1) root ON true "
    "CROSS JOIN LATERAL (SELECT sum(waiting) FILTER (WHERE priority < own.priority)::bigint AS higher, "
    "                    sum(waiting) FILTER (WHERE priority = own.priority)::bigint AS same "
    "                    FROM hil.skill_set_counts WHERE skill_set_id = own.skill_set_id) own_set "
    "CROSS JOIN LATERAL (SELECT sum(delta) FILTER (WHERE priority < own.priority) AS higher, "
    "                    sum(delta) FILTER (WHERE priority = own.priority) AS same, "
    "                    sum(delta) FILTER (WHERE priority < own.priority AND skill_set_id = "
    "own.skill_set_id) "
    "                    AS higher_own, "
    "                    sum(delta) FILTER (WHERE priority = own.priority AND skill_set_id = "
    "own.skill_set_id) "
    "                    AS same_own "
    "                    FROM hil.queue_count_deltas WHERE id > coalesce(root.low_water, 0)) not_folded "
    "WHERE own.conversation_id = $1 AND own.status = 'pending'"};

}  // namespace

std::optional<Duration> estimated_wait(const Uuid& conversation) {
    const pg::Rows rows = read_queue(conversation, counted_exactly);
    if (rows.empty()) {
        require_conversation(conversation);
        return std::nullopt;
    }
    const auto [takes, interval, higher_own, same_own, nearest, higher, same] =
        rows.front()
            .as<std::int64_t, double, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>();
    if (takes < fewest_takes) return std::nullopt;
    auto before = static_cast<double>(nearest);
    if (nearest > counted_exactly && same > 0) {
        const auto place = static_cast<double>(position(conversation) - 1 - higher);
        before = std::max(
            before, std::clamp(place / static_cast<double>(same), 0.0, 1.0) * static_cast<double>(same_own));
    }
    const double seconds = (std::max<double>(0, static_cast<double>(higher_own)) + before + 1) * interval;
    return Duration{std::llround(seconds * 1e6)};
}

}  // namespace hil::engine
