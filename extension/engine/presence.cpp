#include "engine/presence.hpp"

#include "engine/events.hpp"
#include "engine/settings.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using pg::Timestamp;
using pg::Uuid;

const Statement<Uuid, Timestamp> is_stale{"SELECT last_active < $2 FROM hil.human_agents WHERE id = $1"};
const Statement<Uuid> write_sign_of_life{
    "UPDATE hil.human_agents SET last_active = clock_timestamp() WHERE id = $1"};

const Statement<Timestamp, std::int32_t> select_silent{
    "SELECT id FROM hil.human_agents WHERE status <> 'offline' AND last_active < $1 ORDER BY last_active "
    "LIMIT $2"};
const pg::Lookup<Uuid> agent_row{
    "human_agents", {.index = "human_agents_pkey", .keys = "id"}, "status, last_active, current_load"};
const pg::Update<Uuid, std::string, Timestamp> write_status{
    "human_agents", {.index = "human_agents_pkey", .keys = "id"}, "status, status_since"};

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
    const Timestamp silent_since = ago(settings::agent_timeout_seconds);
    const pg::PlansByIndex by_index;
    std::int64_t timed_out = 0;
    for (const pg::Row& listed : select_silent(silent_since, at_most)) {
        const auto agent = listed.get<Uuid>(0);
        const std::optional<pg::Row> row = agent_row.try_lock(agent);
        if (!row) continue;
        // A sign of life that came in between counts.
        const auto [status, last_active, load] = row->as<std::string, Timestamp, std::int32_t>();
        if (status == "offline" || last_active.microseconds >= silent_since.microseconds) continue;
        write_status(agent, "offline", pg::clock_now());
        emit("agent_offline", std::nullopt, agent,
             {{"agent_id", agent.text()},
              {"silent_since", pg::iso8601(last_active)},
              {"conversations", load}});
        ++timed_out;
    }
    return timed_out;
}

}  // namespace hil::engine
