// What callers ask about the queue; reads only.
#include "core/refusal.hpp"
#include "engine/queue.hpp"
#include "engine/settings.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

const Statement<Uuid, std::string> explain{
    "SELECT a.id, a.name, v.obstacle IS NULL, "
    "coalesce(v.obstacle, CASE WHEN a.id = q.previous_agent_id THEN 'free, and had the conversation before' "
    "                          ELSE 'free, load ' || a.current_load || ' of ' || a.max_capacity END) "
    "FROM hil.agent_queue q CROSS JOIN hil.human_agents a CROSS JOIN LATERAL (SELECT CASE "
    "  WHEN a.status <> 'online' THEN 'is ' || a.status "
    "  WHEN NOT a.skills @> array_remove(q.required_skills, $2) THEN 'lacks ' || (SELECT string_agg(s, ', ' "
    "ORDER BY s) "
    "       FROM unnest(array_remove(q.required_skills, $2)) s WHERE s <> ALL (a.skills)) "
    "  WHEN a.id = ANY (q.declined_by) THEN 'declined or passed it on' "
    "  WHEN a.current_load >= a.max_capacity THEN 'has no free slot, load ' || a.current_load || ' of ' || "
    "       a.max_capacity END AS obstacle) v "
    "WHERE q.conversation_id = $1 AND q.status = 'pending' "
    "ORDER BY v.obstacle IS NOT NULL, a.id IS DISTINCT FROM q.previous_agent_id, a.current_load, "
    "a.last_active DESC"};

const Statement<Uuid> select_status{"SELECT status FROM hil.conversations WHERE id = $1"};

}  // namespace

pg::Rows explain_assignment(const Uuid& conversation) {
    require_conversation(conversation);
    const std::string status = select_status(conversation).front().get<std::string>(0);
    if (status != name(State::pending_human))
        throw Refusal(Reason::wrong_state,
                      "conversation " + conversation.text() + " is " + status + ", not waiting",
                      "Ask while it is pending_human; hil_conversation shows who has it.");
    return explain(conversation, settings::general());
}

}  // namespace hil::engine
