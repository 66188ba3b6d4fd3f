#include "engine/doctor.hpp"

#include <iterator>

#include "engine/conversations.hpp"
#include "engine/leases.hpp"
#include "engine/restoration.hpp"
#include "engine/settings.hpp"
#include "engine/slots.hpp"
#include "engine/wake.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

struct Check {
    const char* name;
    const char* promise;  // what is true when it is ok
    const char* hint;     // what to do when it is not
};

struct CheckByStatement : Check {
    Statement<std::string>
        find;  // ids, as text, of what breaks the promise; $1 is the general skill, where it is used
};

#define HIL_BROKEN_ROW \
    "Report this with what is in the detail; mend the rows by hand only with the workers stopped."

#define HIL_DRAWN "CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS drawn"

const CheckByStatement checks[] = {
    {"load_is_assigned", "every agent's load is the number of conversations assigned to them", HIL_BROKEN_ROW,
     Statement<std::string>{"SELECT a.id::text FROM hil.human_agents a LEFT JOIN (SELECT assigned_to, "
                            "count(*) AS n FROM hil.agent_queue "
                            "WHERE status = 'assigned' GROUP BY assigned_to) q ON q.assigned_to = a.id "
                            "WHERE a.current_load <> coalesce(q.n, 0)"}},
    {"no_overload", "no agent was given a conversation above their capacity", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT a.id::text FROM hil.human_agents a WHERE a.current_load > a.max_capacity AND EXISTS "
         "(SELECT 1 FROM hil.agent_queue q WHERE q.assigned_to = a.id AND q.status = 'assigned' "
         " AND q.assigned_at > a.capacity_set_at)"}},
    {"one_agent",
     "a conversation that is human_active has one assigned queue entry, with the same agent, and no other "
     "has one",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT coalesce(c.id, q.conversation_id)::text FROM (SELECT * FROM hil.conversations "
         "WHERE status = 'human_active' OR assigned_agent_id IS NOT NULL) c "
         "FULL JOIN (SELECT * FROM hil.agent_queue WHERE status = 'assigned') q ON q.conversation_id = c.id "
         "WHERE (c.status IS DISTINCT FROM 'human_active' OR q.assigned_to IS DISTINCT FROM "
         "c.assigned_agent_id "
         "       OR q.assigned_to IS NULL)"}},
    {"waiting_is_queued",
     "a conversation that is pending_human has one pending queue entry, and no other has one", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT coalesce(c.id, q.conversation_id)::text FROM (SELECT id FROM hil.conversations "
         "WHERE status = 'pending_human') c FULL JOIN (SELECT conversation_id FROM hil.agent_queue "
         "WHERE status = 'pending') q ON q.conversation_id = c.id "
         "WHERE (c.id IS NULL OR q.conversation_id IS NULL)"}},
    {"state_is_coherent", "is_hil, closed_at and the state agree, and no conversation rests in handover",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT id::text FROM hil.conversations WHERE (is_hil <> (status IN ('pending_human', "
         "'human_active')) "
         "OR (closed_at IS NOT NULL) <> (status IN ('finished', 'resolved')) OR status = 'handover')"}},
    {"live_run_is_the_ais", "only a conversation that is ai_processing has a live run", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT r.id::text FROM hil.runs r LEFT JOIN hil.conversations c ON c.id = r.conversation_id "
         "WHERE r.status IN ('queued', 'running') AND c.status IS DISTINCT FROM 'ai_processing'"}},
    {"runs_add_up", "every step and call belongs to a run, whose totals hold what they cost", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT coalesce(r.id, s.run_id, c.run_id)::text FROM hil.runs r "
         "FULL JOIN (SELECT conversation_id, run_id, count(*) AS n, sum(cost_usd) AS cost FROM hil.run_steps "
         "           GROUP BY 1, 2) s ON s.conversation_id = r.conversation_id AND s.run_id = r.id "
         "FULL JOIN (SELECT conversation_id, run_id, count(*) AS n, "
         "           sum((usage ->> 'cost_usd')::float8::numeric) AS cost FROM hil.run_calls GROUP BY 1, 2) "
         "c "
         "ON c.conversation_id = r.conversation_id AND c.run_id = r.id "
         "WHERE r.id IS NULL OR r.steps <> coalesce(s.n, 0) OR r.calls <> coalesce(c.n, 0) "
         "OR r.cost_usd < coalesce(s.cost, 0) + coalesce(c.cost, 0)"}},
    {"nobody_is_forgotten", "a customer who wrote to the AI and has no answer yet has a live run",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT c.id::text FROM hil.conversations c WHERE c.status IN ('ai_processing', 'back_to_ai', "
         "'finished', 'resolved') "
         "AND NOT EXISTS (SELECT 1 FROM hil.runs r WHERE r.conversation_id = c.id AND r.status IN ('queued', "
         "'running')) "
         "AND EXISTS (SELECT 1 FROM hil.messages m WHERE m.conversation_id = c.id AND m.id > "
         "c.answered_through "
         "            AND m.sender_type = 'user')"}},
    {"handovers_are_recorded", "handover_count is the number of recorded hand-overs from the AI to people",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT c.id::text FROM hil.conversations c LEFT JOIN (SELECT conversation_id, count(*) AS n "
         "FROM hil.handover_events WHERE from_type = 'ai' AND to_type = 'human' GROUP BY conversation_id) h "
         "ON h.conversation_id = c.id WHERE c.handover_count <> coalesce(h.n, 0)"}},
    {"closings_are_recorded", "every closed conversation has its analytics row", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT c.id::text FROM hil.conversations c WHERE c.closed_at IS NOT NULL AND NOT EXISTS "
         "(SELECT 1 FROM hil.conversation_analytics a WHERE a.conversation_id = c.id)"}},
    {"no_orphans",
     "every message, run, step, call, hand-over and queue entry belongs to a conversation, and every agent "
     "named "
     "exists",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT o.id::text FROM (SELECT conversation_id AS id FROM hil.messages UNION "
         "SELECT conversation_id FROM hil.runs UNION SELECT conversation_id FROM hil.run_steps UNION "
         "SELECT conversation_id FROM hil.run_calls UNION "
         "SELECT conversation_id FROM hil.handover_events UNION SELECT conversation_id FROM hil.agent_queue "
         "UNION "
         "SELECT conversation_id FROM hil.conversation_analytics) o "
         "WHERE NOT EXISTS (SELECT 1 FROM hil.conversations c WHERE c.id = o.id) "
         "UNION ALL SELECT n.id::text FROM (SELECT assigned_to AS id FROM hil.agent_queue UNION "
         "SELECT assigned_agent_id FROM hil.conversations UNION SELECT agent_id FROM hil.messages UNION "
         "SELECT agent_id FROM hil.handover_events) n "
         "WHERE n.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM hil.human_agents a WHERE a.id = n.id)"}},
    {"skill_sets_are_interned", "every waiting entry names the set of skills that it needs", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT q.conversation_id::text FROM hil.agent_queue q LEFT JOIN hil.skill_sets s ON s.id = "
         "q.skill_set_id WHERE q.status = 'pending' AND array_remove(q.required_skills, $1) IS DISTINCT FROM "
         "s.skills"}},
    {"profiles_are_interned", "every agent names the profile of their skills", HIL_BROKEN_ROW,
     Statement<std::string>{"SELECT a.id::text FROM hil.human_agents a LEFT JOIN hil.skill_profiles p "
                            "ON p.id = a.profile_id WHERE a.skills IS DISTINCT FROM p.skills"}},
    {"covers_are_complete", "every profile is joined with the sets that it covers, and with no other",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT 'profile ' || coalesce(c.profile_id, e.profile) || ' set ' || coalesce(c.skill_set_id, "
         "e.set) "
         "FROM hil.skill_covers c FULL JOIN (SELECT p.id AS profile, s.id AS set FROM hil.skill_profiles p "
         "JOIN hil.skill_sets s ON p.skills @> s.skills) e ON e.profile = c.profile_id AND e.set = "
         "c.skill_set_id WHERE c.profile_id IS NULL OR e.profile IS NULL"}},
    {"agents_are_ranked", "every agent's rank is what the order of assignment makes of them", HIL_BROKEN_ROW,
     Statement<std::string>{"SELECT a.id::text FROM hil.human_agents a WHERE a.rank <> " HIL_RANK(
         "a.ranked_by", "a.current_load", "a.max_capacity", "a.last_assigned_at")}},
    {"positions_are_exact",
     "the counts behind hil_queue_position, with what is not folded yet, are the pending queue entries",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "WITH root AS (SELECT * FROM hil.queue_counts ORDER BY id DESC LIMIT 1), "
         "directory AS (SELECT r.priority, d.* FROM root, unnest(root.directory_ids) WITH ORDINALITY r(id, "
         "priority) "
         "              JOIN hil.queue_count_directories d ON d.id = r.id), "
         "page AS (SELECT d.priority, e.number, e.waiting AS counted, p.id, p.waiting FROM directory d, "
         "         unnest(d.pages, d.waiting, d.page_ids) e(number, waiting, id) "
         "         JOIN hil.queue_count_pages p ON p.id = e.id) "
         "SELECT format('priority %s, tickets from %s', priority, block * 64) FROM "
         "(SELECT p.priority, p.number * 256 + b.n - 1, b.waiting FROM page p, unnest(p.waiting) WITH "
         "ORDINALITY "
         " b(waiting, n) UNION ALL SELECT priority, ticket >> 6, delta FROM hil.queue_count_deltas "
         " UNION ALL SELECT priority, ticket >> 6, -1 FROM hil.agent_queue WHERE status = 'pending') "
         "c(priority, block, waiting) GROUP BY priority, block HAVING sum(waiting) <> 0 "
         "UNION ALL SELECT format('priority %s, total', r.priority) FROM root, unnest(root.waiting) WITH "
         "ORDINALITY "
         "r(waiting, priority) WHERE r.waiting <> coalesce((SELECT sum(w) FROM directory d, "
         "unnest(d.waiting) w "
         "                                                  WHERE d.priority = r.priority), 0) "
         "UNION ALL SELECT format('priority %s, page %s', p.priority, p.number) FROM page p "
         "WHERE p.counted <> (SELECT sum(w) FROM unnest(p.waiting) w) "
         "UNION ALL SELECT format('delta %s below the low water', x.id) FROM hil.queue_count_deltas x, root "
         "WHERE x.id <= root.low_water "
         "UNION ALL SELECT format('left-over row %s', c.id) FROM hil.queue_counts c WHERE c.id NOT IN "
         "(SELECT id FROM root) "
         "UNION ALL SELECT format('left-over directory %s', d.id) FROM hil.queue_count_directories d "
         "WHERE d.id NOT IN (SELECT id FROM directory) "
         "UNION ALL SELECT format('left-over page %s', p.id) FROM hil.queue_count_pages p "
         "WHERE p.id NOT IN (SELECT id FROM page)"}},
    {"skill_sets_are_counted",
     "the counts by skill set, with what is not folded yet, are the pending queue entries", HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT format('skill set %s, priority %s', skill_set_id, priority) FROM "
         "(SELECT skill_set_id, priority, waiting FROM hil.skill_set_counts UNION ALL "
         " SELECT skill_set_id, priority, delta FROM hil.queue_count_deltas UNION ALL "
         " SELECT skill_set_id, priority, -1 FROM hil.agent_queue WHERE status = 'pending') c "
         "GROUP BY skill_set_id, priority HAVING sum(waiting) <> 0"}},
    {"ids_are_drawn_in_order", "no session draws ids in advance",
     "What is written later has to have a higher id: ALTER SEQUENCE ... CACHE 1 for each of them, then "
     "reconnect "
     "the sessions.",
     Statement<std::string>{"SELECT s.seqrelid::regclass::text FROM pg_sequence s JOIN pg_class c ON c.oid = "
                            "s.seqrelid WHERE c.relnamespace = 'hil'::regnamespace AND s.seqcache <> 1"}},
    {"ids_are_ahead", "no id that will be drawn is in use already",
     "The sequences were not carried over, as by logical replication, or were set back. Before anything else "
     "is "
     "written, SELECT each setval of the detail, which shows some; then ask again.",
     Statement<std::string>{
         "SELECT format('setval(%L, %s)', s.name, s.used) FROM "
         "(SELECT 'hil.messages_id_seq' AS name, (SELECT max(id) FROM hil.messages) AS used, " HIL_DRAWN
         " FROM hil.messages_id_seq "
         "UNION ALL SELECT 'hil.handover_events_id_seq', (SELECT max(id) FROM "
         "hil.handover_events), " HIL_DRAWN " FROM hil.handover_events_id_seq "
         "UNION ALL SELECT 'hil.skill_sets_id_seq', (SELECT max(id) FROM hil.skill_sets), " HIL_DRAWN
         " FROM hil.skill_sets_id_seq "
         "UNION ALL SELECT 'hil.skill_profiles_id_seq', (SELECT max(id) FROM hil.skill_profiles), " HIL_DRAWN
         " FROM hil.skill_profiles_id_seq "
         "UNION ALL SELECT 'hil.agent_queue_ticket_seq', (SELECT max(ticket) FROM "
         "hil.agent_queue), " HIL_DRAWN " FROM hil.agent_queue_ticket_seq "
         // Deltas up to what was folded are looked at no more.
         "UNION ALL SELECT 'hil.queue_count_deltas_id_seq', "
         "greatest((SELECT max(id) FROM hil.queue_count_deltas), (SELECT max(drawn) FROM "
         "hil.queue_counts)), " HIL_DRAWN " FROM hil.queue_count_deltas_id_seq "
         "UNION ALL SELECT 'hil.queue_counts_id_seq', (SELECT max(id) FROM hil.queue_counts), " HIL_DRAWN
         " FROM hil.queue_counts_id_seq "
         "UNION ALL SELECT 'hil.queue_count_directories_id_seq', (SELECT max(id) FROM "
         "hil.queue_count_directories), " HIL_DRAWN " FROM hil.queue_count_directories_id_seq "
         "UNION ALL SELECT 'hil.queue_count_pages_id_seq', (SELECT max(id) FROM "
         "hil.queue_count_pages), " HIL_DRAWN " FROM hil.queue_count_pages_id_seq "
         "UNION ALL SELECT 'hil.runs_id_seq', (SELECT max(id) FROM hil.runs), " HIL_DRAWN
         " FROM hil.runs_id_seq "
         "UNION ALL SELECT 'hil.outbox_id_seq', (SELECT max(id) FROM hil.outbox), " HIL_DRAWN
         " FROM hil.outbox_id_seq) s WHERE s.used > s.drawn"}},
    {"agent_roles_exist", "the database role of every agent that has one exists",
     "The role was renamed or dropped, so nothing binds it to its agent. Set hil.human_agents.db_role anew.",
     Statement<std::string>{"SELECT a.id::text FROM hil.human_agents a WHERE a.db_role IS NOT NULL "
                            "AND NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = a.db_role)"}},
    {"nobody_waits_beside_a_free_agent",
     "no conversation waits while an online agent with the skills has a free slot",
     "hil_tick() assigns them; hil-worker calls it every second. Is a worker running?",
     Statement<std::string>{
         "SELECT q.conversation_id::text FROM hil.agent_queue q WHERE q.status = 'pending' AND EXISTS "
         "(SELECT 1 FROM hil.skill_covers c JOIN hil.human_agents a ON a.profile_id = c.profile_id "
         " WHERE c.skill_set_id = q.skill_set_id AND a.status = 'online' AND a.current_load < a.max_capacity "
         " AND a.id <> ALL (q.declined_by))"}},
    {"escalation_is_scheduled", "a waiting entry with escalation steps left has a time for the next one",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT conversation_id::text FROM hil.agent_queue WHERE status = 'pending' AND (next_step_at IS "
         "NOT NULL) <> (coalesce(jsonb_array_length(escalation), 0) > escalation_step)"}},
    {"events_are_numbered", "the seqs of the events have no gap, and none is announced that is not there",
     HIL_BROKEN_ROW,
     Statement<std::string>{
         "SELECT seq::text FROM (SELECT seq, lead(seq) OVER (ORDER BY seq) AS next FROM hil.events "
         " WHERE (SELECT count(*) <= max(seq) - min(seq) FROM hil.events)) e WHERE next <> seq + 1 "
         "UNION ALL SELECT seq::text FROM hil.announced_through "
         "WHERE seq > (SELECT coalesce(max(seq), 0) FROM hil.events) "
         "UNION ALL SELECT seq::text FROM hil.announced_through "
         "WHERE seq < (SELECT max(seq) FROM hil.announced_through)"}},
};

#undef HIL_DRAWN
#undef HIL_BROKEN_ROW

// What is due is done within a minute. While the server is away nobody does it: so there is a minute after
// its return, too.
constexpr std::int64_t time_allowed = 60'000'000;
#define HIL_LATE(due) due " < clock_timestamp() - interval '1 minute'"

const CheckByStatement checks_of_lateness[] = {
    {"escalations_are_taken", "no escalation step has been due for more than a minute",
     "The scheduler takes them, or hil_tick(), which hil-worker calls every second. Does either run?",
     Statement<std::string>{
         "SELECT conversation_id::text FROM hil.agent_queue WHERE status = 'pending' AND " HIL_LATE(
             "next_step_at")}},
    {"events_are_relayed", "no event has waited for more than a minute to be relayed and announced",
     "The scheduler does it, or hil_tick(), which hil-worker calls every second. Look for what holds them "
     "up: a "
     "session that called hil_tick() and did not commit, or, in the server's log, a failing relay.",
     Statement<std::string>{"SELECT 'outbox ' || id FROM hil.outbox WHERE " HIL_LATE(
         "at") " UNION ALL SELECT 'seq ' || seq FROM hil.events WHERE NOT announced AND seq > "
               "(SELECT coalesce(max(seq), 0) FROM hil.announced_through) AND " HIL_LATE("at")}},
    {"runs_are_claimed", "no run that is due has waited for a worker for more than a minute",
     "Start hil-worker, or more of them.",
     Statement<std::string>{
         "SELECT id::text FROM hil.runs WHERE status = 'queued' AND " HIL_LATE("run_after")}},
    {"leases_are_kept", "no run's lease has been over for more than a minute",
     "hil_tick() takes such runs back; hil-worker calls it every second. Is a worker running?",
     Statement<std::string>{
         "SELECT id::text FROM hil.runs WHERE status = 'running' AND " HIL_LATE("lease_until")}},
};

#undef HIL_LATE

// How many ids a detail shows.
constexpr std::size_t max_shown = 5;

std::string detail_of(const Check& check, const pg::Rows& broken) {
    if (broken.empty()) return check.promise;
    std::string text =
        "not true: " + std::string(check.promise) + "; broken by " + std::to_string(broken.rows.size()) + ":";
    for (std::size_t i = 0; i < broken.rows.size() && i < max_shown; ++i)
        text += " " + broken.rows[i].get<std::string>(0);
    return broken.rows.size() > max_shown ? text + " …" : text;
}

void add(pg::Rows& result, const Check& check, const pg::Rows& broken) {
    const bool ok = broken.empty();
    result.rows.emplace_back(std::vector<pg::Value>{std::string(check.name), ok, detail_of(check, broken),
                                                    ok ? pg::Value() : pg::Value(std::string(check.hint))});
}

// Who does what time brings. A scheduler goes on by itself soon after a restore has ended.
pg::Row time_driven_work() {
    const auto answer = [](bool ok, const char* detail, const pg::Value& hint) {
        return pg::Row({std::string("time_driven_work"), ok, std::string(detail), hint});
    };
    if (!scheduler_runs_here())
        return answer(
            true,
            "no scheduler runs here: assignment is synchronous, and hil-worker calls hil_tick() for "
            "what time brings",
            {});
    if (!scheduler_waits_here() || restoration() != Restoration::under_way)
        return answer(true, "a scheduler runs here, and does what time brings", {});
    return answer(
        false, "a scheduler runs here, and does nothing until the end of a restore",
        std::string("pg_stat_activity shows who is connected with the application_name pg_restore. Where "
                    "nobody is, rows are there and their sequence was not set: finish the restore."));
}

}  // namespace

pg::Rows examine() {
    pg::Rows result;
    for (const CheckByStatement& check : checks) add(result, check, check.find(settings::general()));
    const bool just_back = pg::clock_now().microseconds < writable_since().microseconds + time_allowed;
    for (const CheckByStatement& check : checks_of_lateness)
        add(result, check, just_back ? pg::Rows() : check.find(settings::general()));
    result.rows.push_back(time_driven_work());
    return result;
}

}  // namespace hil::engine
