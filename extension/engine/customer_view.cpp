#include "engine/customer_view.hpp"

#include <cmath>

#include "engine/positions.hpp"
#include "engine/waiting_time.hpp"

namespace hil::engine {
namespace {

// Names each thing that is shown: what is added to a conversation later stays among people unless it is named
// here. A message's metadata may be the agents' own.
const pg::Statement<Uuid, std::int32_t, std::int64_t, std::int64_t> select_view{
    "SELECT jsonb_build_object('conversation_id', c.id, 'status', c.status, "
    "'agent_name', (SELECT a.name FROM hil.human_agents a WHERE a.id = c.assigned_agent_id), "
    "'queue_position', $3, 'estimated_wait_seconds', $4, "
    "'live_run', (SELECT jsonb_build_object('run_id', r.id, 'status', r.status, 'attempt', r.attempt) "
    "             FROM hil.runs r WHERE r.conversation_id = c.id AND r.status IN ('queued', 'running')), "
    "'created_at', c.created_at, 'closed_at', c.closed_at, "
    "'messages', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'sender_type', m.sender_type, "
    "                 'agent_name', (SELECT a.name FROM hil.human_agents a WHERE a.id = m.agent_id), "
    "                 'content', m.content, 'at', m.created_at) ORDER BY m.id), '[]') "
    "             FROM (SELECT * FROM hil.messages WHERE conversation_id = c.id ORDER BY id DESC LIMIT $2) "
    "m)) FROM hil.conversations c WHERE c.id = $1"};

}  // namespace

pg::JsonText customer_view(const Uuid& id, std::int32_t last_messages) {
    require_message_count(last_messages);
    const std::int64_t place = position(id);
    const std::optional<Duration> wait = place > 0 ? estimated_wait(id) : std::nullopt;
    const pg::PlansByIndex by_index;
    return select_view(id, last_messages, place,
                       wait ? std::optional<std::int64_t>(std::llround(wait->seconds())) : std::nullopt)
        .front()
        .get<pg::JsonText>(0);
}

}  // namespace hil::engine
