#include "engine/presence.hpp"

#include "engine/events.hpp"
#include "engine/settings.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using pg::Timestamp;
using pg::Uuid;

const Statement<Uuid, Timestamp> is_stale{"SELECT last_active < $2 FROM hil.human_agents WHERE id = $1"};
const Statement<Uuid> write_sign_of_life{
    "UPDATE hil.human_agents SET last_active = clock_timestamp() WHERE id = $1"};

// The conditions are checked again on the version that is locked: a sign of life that came in between counts.
// Locked in the order of ids, as everywhere where several agents are: SKIP LOCKED may wait after all, for a
// version of the row that came after the one it found.
const Statement<Timestamp, std::int32_t> mark_silent_offline{
    "UPDATE hil.human_agents a SET status = 'offline', status_since = clock_timestamp() FROM "
    "(SELECT id FROM hil.human_agents WHERE id = ANY (ARRAY(SELECT id FROM hil.human_agents "
    "  WHERE status <> 'offline' AND last_active < $1 ORDER BY last_active LIMIT $2)) "
    " AND status <> 'offline' AND last_active < $1 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) silent "
    "WHERE a.id = silent.id RETURNING a.id, a.last_active, a.current_load"};

Timestamp ago(std::int64_t seconds) { return {pg::clock_now().microseconds - seconds * 1'000'000}; }

}  // namespace

Timestamp stale_before() {
    const int timeout = settings::agent_timeout_seconds;
    return ago(timeout > 0 ? timeout / 4 : 60);
}

bool note_sign_of_life(const Uuid& agent) {
    const pg::Rows rows = is_stale(agent, stale_before());
    if (rows.empty()) return false;
    if (rows.front().get<bool>(0)) write_sign_of_life(agent);
    return true;
}

std::int64_t time_out_agents(std::int32_t at_most) {
    if (settings::agent_timeout_seconds == 0) return 0;
    const pg::Rows silent = mark_silent_offline(ago(settings::agent_timeout_seconds), at_most);
    for (const pg::Row& row : silent) {
        const auto [agent, last_active, load] = row.as<Uuid, Timestamp, std::int32_t>();
        emit("agent_offline", std::nullopt, agent,
             {{"agent_id", agent.text()},
              {"silent_since", pg::iso8601(last_active)},
              {"conversations", load}});
    }
    return static_cast<std::int64_t>(silent.rows.size());
}

}  // namespace hil::engine
