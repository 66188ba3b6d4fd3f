#include "engine/lost_agents.hpp"

#include "engine/desk.hpp"
#include "engine/set_aside.hpp"
#include "engine/settings.hpp"
#include "pg/session.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

const Statement<Timestamp, std::int32_t> select_lost{
    "SELECT q.conversation_id, a.id FROM hil.human_agents a JOIN hil.agent_queue q ON q.assigned_to = a.id "
    "AND q.status = 'assigned' WHERE a.status = 'offline' AND a.current_load > 0 AND a.status_since <= $1 "
    "ORDER BY a.status_since LIMIT $2"};
const pg::Lookup<Uuid> agent_row{
    "human_agents", {.index = "human_agents_pkey", .keys = "id"}, "status, status_since"};

// Once they are locked the agent cannot come back before the conversation is gone.
bool lock_if_lost(const Uuid& agent, Timestamp since) {
    const std::optional<pg::Row> row = agent_row.try_lock(agent);
    return row && row->get<std::string>(0) == "offline" &&
           row->get<Timestamp>(1).microseconds <= since.microseconds;
}

}  // namespace

std::int64_t requeue_lost(std::int32_t at_most) {
    if (settings::requeue_after_seconds == 0) return 0;
    const Timestamp since{pg::clock_now().microseconds -
                          settings::requeue_after_seconds * std::int64_t{1'000'000}};
    const pg::PlansByIndex by_index;
    std::int64_t requeued = 0;
    for (const pg::Row& row : select_lost(since, at_most)) {
        pg::let_interrupts_through();
        const auto [id, agent] = row.as<Uuid, Uuid>();
        if (!take_up(id)) continue;
        std::optional<Conversation> conversation = try_lock(id);
        if (!conversation || conversation->agent != agent) continue;
        Entry entry = lock_entry(*conversation);
        if (!lock_if_lost(agent, since)) continue;
        return_to_queue(*conversation, entry, "the agent went offline", {.given_up = false});
        ++requeued;
    }
    return requeued;
}

}  // namespace hil::engine
