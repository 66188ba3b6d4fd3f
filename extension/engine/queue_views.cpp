// What callers ask about the queue; reads only.
#include "core/refusal.hpp"
#include "engine/queue.hpp"
#include "engine/settings.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

// The last takes of the same skills within the hour: at least 3, at most 20. Their rate serves the entries
// ahead.
const Statement<Uuid, Timestamp> rate_of_takes{
    "WITH own AS (SELECT priority, ticket, skill_set_id FROM hil.agent_queue "
    "             WHERE conversation_id = $1 AND status = 'pending'), "
    "takes AS (SELECT q.assigned_at FROM hil.agent_queue q, own WHERE q.skill_set_id = own.skill_set_id "
    "          AND q.assigned_at > $2 - interval '1 hour' ORDER BY q.assigned_at DESC LIMIT "
    "20), "
    "ahead AS (SELECT count(*) + 1 AS entries FROM hil.agent_queue q, own WHERE q.status = 'pending' "
    "          AND q.skill_set_id = own.skill_set_id AND (q.priority, q.ticket) < (own.priority, "
    "own.ticket)) "
    "SELECT ($2 - min(t.assigned_at)) / count(*) * (SELECT entries FROM ahead) "
    "FROM takes t, own HAVING count(*) >= 3"};

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

std::optional<Duration> estimated_wait(const Uuid& conversation) {
    const pg::Rows rows = rate_of_takes(conversation, pg::clock_now());
    if (!rows.empty()) return rows.front().get<std::optional<Duration>>(0);
    require_conversation(conversation);
    return std::nullopt;
}

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
