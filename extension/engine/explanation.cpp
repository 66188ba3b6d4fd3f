// hil_explain_assignment: who could get a waiting conversation, who would, and what keeps the others from it.
#include "core/refusal.hpp"
#include "engine/queue.hpp"
#include "engine/settings.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

// $2: the general skill; $3: hil.assignment_order. `busy`: what an agent's or the conversation's row says of
// who changes it, where that is a transaction that is still running.
const Statement<Uuid, std::string, std::int32_t> explain{
    "WITH running AS (SELECT array_agg(x::text::bigint % 4294967296) AS xids "
    "                 FROM pg_snapshot_xip(pg_current_snapshot()) x), "
    "entry AS (SELECT q.*, array_remove(q.required_skills, $2) AS special, "
    "          c.xmax::text::bigint = ANY (r.xids) IS TRUE AS busy "
    "          FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id, running r "
    "          WHERE q.conversation_id = $1 AND q.status = 'pending'), "
    "judged AS (SELECT a.*, q.busy AS conversation_busy, a.xmax::text::bigint = ANY (r.xids) IS TRUE AS "
    "busy, "
    "           a.id IS NOT DISTINCT FROM q.previous_agent_id AS previous, "
    "           array_remove(ARRAY["
    "CASE a.status WHEN 'online' THEN NULL "
    "WHEN 'away' THEN 'is away since ' || a.status_since::timestamptz(0) "
    "ELSE 'is offline since ' || a.status_since::timestamptz(0) || CASE WHEN a.last_active < a.status_since "
    "     THEN ', after no sign of life since ' || a.last_active::timestamptz(0) ELSE '' END END, "
    "CASE WHEN NOT a.skills @> q.special THEN 'lacks ' || (SELECT string_agg(s, ', ' ORDER BY s) "
    "     FROM unnest(q.special) s WHERE s <> ALL (a.skills)) END, "
    "CASE WHEN a.id = ANY (q.declined_by) THEN 'declined it or passed it on' END, "
    "CASE WHEN a.current_load >= a.max_capacity THEN 'has no free slot, load ' || a.current_load || ' of ' "
    "|| "
    "     a.max_capacity END], NULL) AS obstacles "
    "FROM entry q, running r, hil.human_agents a), "
    "placed AS (SELECT j.*, row_number() OVER (PARTITION BY cardinality(j.obstacles) = 0 "
    "           ORDER BY j.previous DESC, j.rank, j.last_active DESC) AS place FROM judged j) "
    "SELECT p.id, p.name, cardinality(p.obstacles) = 0, "
    "CASE WHEN cardinality(p.obstacles) > 0 THEN array_to_string(p.obstacles, '; ') ELSE "
    "CASE WHEN p.place = 1 THEN 'gets it with the next round, ' ELSE 'is number ' || p.place || ', ' END || "
    "CASE WHEN p.previous THEN 'having had it before; ' ELSE '' END || "
    "'load ' || p.current_load || ' of ' || p.max_capacity || "
    "CASE WHEN $3 <> 2 THEN '' WHEN p.last_assigned_at IS NULL THEN ', got none so far' "
    "     ELSE ', got the last one at ' || p.last_assigned_at::timestamptz(0) END || "
    "CASE WHEN p.busy THEN '; another session is changing the agent at this moment' ELSE '' END || "
    "CASE WHEN p.conversation_busy THEN '; another session is changing the conversation at this moment' "
    "     ELSE '' END END "
    "FROM placed p "
    "ORDER BY cardinality(p.obstacles), p.place, p.name, p.id"};

const Statement<Uuid> select_status{"SELECT status FROM hil.conversations WHERE id = $1"};

}  // namespace

pg::Rows explain_assignment(const Uuid& conversation) {
    require_conversation(conversation);
    const std::string status = select_status(conversation).front().get<std::string>(0);
    if (status != name(State::pending_human))
        throw Refusal(Reason::wrong_state,
                      "conversation " + conversation.text() + " is " + status + ", not waiting",
                      "Ask while it is pending_human; hil_conversation shows who has it.");
    return explain(conversation, settings::general(), settings::assignment_order);
}

}  // namespace hil::engine
