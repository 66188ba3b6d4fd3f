#include "engine/waiting_time.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/positions.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using Counts = std::vector<std::int64_t>;

// Fewer say nothing.
constexpr std::int64_t fewest_takes = 3;
// So many entries before an entry are counted one by one; the limit in the statement.
constexpr std::int64_t counted_exactly = 100;

// All of one snapshot: the pace, how many of the same skill set wait with higher priorities and with the
// same, how many of these stand before the entry, the nearest ones, and how many wait by priority.
const Statement<Uuid, std::int64_t> read_queue{
    "SELECT own.priority, pace.takes, pace.seconds / pace.weight, "
    "coalesce(counted.higher, 0) + coalesce(not_folded.higher, 0), "
    "coalesce(counted.same, 0) + coalesce(not_folded.same, 0), "
    "(SELECT count(*) FROM (SELECT FROM hil.agent_queue q WHERE q.status = 'pending' "
    "  AND q.skill_set_id = own.skill_set_id AND q.priority = own.priority AND q.ticket < own.ticket "
    "  ORDER BY q.ticket DESC LIMIT $2 + 1) nearest), "
    "root.waiting "
    "FROM hil.agent_queue own JOIN hil.skill_set_paces pace ON pace.skill_set_id = own.skill_set_id "
    "LEFT JOIN LATERAL (SELECT * FROM hil.queue_counts ORDER BY id DESC LIMIT 1) root ON true "
    "CROSS JOIN LATERAL (SELECT sum(waiting) FILTER (WHERE priority < own.priority)::bigint AS higher, "
    "                    sum(waiting) FILTER (WHERE priority = own.priority)::bigint AS same "
    "                    FROM hil.skill_set_counts WHERE skill_set_id = own.skill_set_id) counted "
    "CROSS JOIN LATERAL (SELECT sum(delta) FILTER (WHERE priority < own.priority) AS higher, "
    "                    sum(delta) FILTER (WHERE priority = own.priority) AS same "
    "                    FROM hil.queue_count_deltas WHERE id > coalesce(root.low_water, 0) "
    "                    AND skill_set_id = own.skill_set_id) not_folded "
    "WHERE own.conversation_id = $1 AND own.status = 'pending'"};

// Which part of the entries with the same priority stands before the conversation, 0 to 1.
double share_before(const Uuid& conversation, const Counts& waiting, std::int32_t priority) {
    const auto same = static_cast<double>(waiting.at(priority - 1));
    const std::int64_t higher =
        std::accumulate(waiting.begin(), waiting.begin() + (priority - 1), std::int64_t{0});
    if (same <= 0) return 0;
    return std::clamp(static_cast<double>(position(conversation) - 1 - higher) / same, 0.0, 1.0);
}

}  // namespace

std::optional<Duration> estimated_wait(const Uuid& conversation) {
    const pg::Rows rows = read_queue(conversation, counted_exactly);
    if (rows.empty()) {
        require_conversation(conversation);
        return std::nullopt;
    }
    const auto [priority, takes, interval, higher, same, nearest, waiting] =
        rows.front()
            .as<std::int32_t, std::int64_t, double, std::int64_t, std::int64_t, std::int64_t,
                std::optional<Counts>>();
    if (takes < fewest_takes) return std::nullopt;
    double before = static_cast<double>(nearest);
    if (nearest > counted_exactly && waiting)
        before = std::max(before, share_before(conversation, *waiting, priority) * static_cast<double>(same));
    const double seconds = (std::max<double>(0, static_cast<double>(higher)) + before + 1) * interval;
    return Duration{std::llround(seconds * 1e6)};
}

}  // namespace hil::engine
