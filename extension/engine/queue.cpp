#include "engine/queue.hpp"

#include <algorithm>

#include "core/escalation.hpp"
#include "engine/events.hpp"
#include "engine/positions.hpp"
#include "engine/settings.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using Texts = std::vector<std::string>;
using Uuids = std::vector<Uuid>;

// Sessions that intern the same set at once: one inserts, the others wait for it and then find its row.
const Statement<Texts> find_skill_set{
    "SELECT id FROM hil.skill_sets WHERE digest = sha256(convert_to($1::text, 'UTF8'))"};
const Statement<Texts> insert_skill_set{
    "INSERT INTO hil.skill_sets (skills, digest) VALUES ($1, sha256(convert_to($1::text, 'UTF8'))) "
    "ON CONFLICT (digest) DO NOTHING RETURNING id"};

// $7: the longest wait, $9: the steps of the escalation, $10: when the first is due; from $8 on, in seconds.
const Statement<Uuid, std::int32_t, Texts, std::int32_t, Uuid, Uuid, std::int32_t, Timestamp, pg::JsonText,
                std::int32_t>
    insert_entry{
        "INSERT INTO hil.agent_queue (conversation_id, priority, required_skills, skill_set_id, status, "
        "assigned_to, assigned_at, previous_agent_id, deadline, created_at, escalation, next_step_at) "
        "VALUES ($1, $2, $3, $4, CASE WHEN $5 IS NULL THEN 'pending' ELSE 'assigned' END, $5, "
        "CASE WHEN $5 IS NOT NULL THEN $8 END, $6, $8 + make_interval(secs => $7), $8, $9, "
        "$8 + make_interval(secs => $10)) RETURNING ticket"};

const Statement<Uuid> lock_active_entry{
    "SELECT ticket, priority, required_skills, skill_set_id, previous_agent_id, declined_by FROM "
    "hil.agent_queue "
    "WHERE conversation_id = $1 AND status IN ('pending', 'assigned') FOR UPDATE"};

const Statement<Uuid, std::int64_t, Uuid> mark_assigned{
    "UPDATE hil.agent_queue SET status = 'assigned', assigned_to = $3, assigned_at = clock_timestamp() "
    "WHERE conversation_id = $1 AND ticket = $2"};
// The time with the agent is no waiting: what the wait brings comes later by as much.
const Statement<Uuid, std::int64_t, std::int32_t, Uuids> mark_pending{
    "UPDATE hil.agent_queue SET status = 'pending', assigned_to = NULL, assigned_at = NULL, priority = $3, "
    "declined_by = $4, served = served + (clock_timestamp() - assigned_at), "
    "next_step_at = next_step_at + (clock_timestamp() - assigned_at), "
    "deadline = CASE WHEN sla_breached_at IS NULL THEN deadline + (clock_timestamp() - assigned_at) "
    "           ELSE deadline END "
    "WHERE conversation_id = $1 AND ticket = $2"};
const Statement<Uuid, std::int64_t, Texts, std::int32_t, Timestamp, std::int32_t, pg::JsonText, std::int32_t>
    change_skills{
        "UPDATE hil.agent_queue SET required_skills = $3, skill_set_id = $4, "
        "deadline = $5 + make_interval(secs => $6), escalation = $7, escalation_step = 0, "
        "next_step_at = $5 + make_interval(secs => $8) WHERE conversation_id = $1 AND ticket = $2"};
const Statement<Uuid> mark_ended{
    "UPDATE hil.agent_queue SET status = CASE status WHEN 'assigned' THEN 'completed' ELSE 'cancelled' END, "
    "completed_at = clock_timestamp() WHERE conversation_id = $1 AND status IN ('pending', 'assigned') "
    "RETURNING status = 'cancelled', priority, ticket, skill_set_id"};

// The agent who takes a conversation is told in the hand-over's row, which may have been written long before.
const Statement<Uuid, Uuid> mark_handover_taken{
    "UPDATE hil.handover_events SET agent_id = $2 WHERE conversation_id = $1 AND agent_id IS NULL AND id = "
    "(SELECT max(id) FROM hil.handover_events WHERE conversation_id = $1 AND to_type = 'human')"};

// $1: required skills without the general one; $2: agents who declined. The subselect locks one row that
// nobody holds, so two sessions cannot take the same slot, and its conditions are checked again on the locked
// version.
const Statement<Texts, Uuids> take_best_slot{
    "UPDATE hil.human_agents a SET current_load = a.current_load + 1, last_assigned_at = clock_timestamp() "
    "WHERE a.id = (SELECT f.id FROM hil.human_agents f WHERE f.status = 'online' AND f.current_load < "
    "f.max_capacity "
    "AND f.skills @> $1 AND f.id <> ALL ($2) ORDER BY f.current_load, f.last_active DESC LIMIT 1 "
    "FOR NO KEY UPDATE SKIP LOCKED) RETURNING a.id, a.name"};
const Statement<Uuid, Texts> take_slot_of{
    "UPDATE hil.human_agents a SET current_load = a.current_load + 1, last_assigned_at = clock_timestamp() "
    "WHERE a.id = (SELECT f.id FROM hil.human_agents f WHERE f.id = $1 AND f.status = 'online' "
    "AND f.current_load < f.max_capacity AND f.skills @> $2 FOR NO KEY UPDATE SKIP LOCKED) RETURNING a.id, "
    "a.name"};
// Waits for the row: the agent was named, not chosen. The conditions are checked on the version it waited
// for.
const Statement<Uuid> take_named_slot{
    "UPDATE hil.human_agents SET current_load = current_load + 1, last_assigned_at = clock_timestamp() "
    "WHERE id = $1 AND status = 'online' AND current_load < max_capacity RETURNING id, name"};
const Statement<Uuid, std::int64_t> give_slot_back{
    "UPDATE hil.human_agents SET current_load = current_load - 1 WHERE id = $1 "
    "RETURNING round(coalesce(hourly_rate_usd, 0) * $2 / 3600000000, 6)::text"};

const Statement<Uuids> lock_agents{
    "SELECT id FROM hil.human_agents WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"};
const Statement<Uuid> lock_agent{
    "SELECT status = 'online', max_capacity - current_load, skills FROM hil.human_agents WHERE id = $1 "
    "FOR NO KEY UPDATE"};
// $1: the agent; $2: its skills; $3: the general skill.
const Statement<Uuid, Texts, std::string> choose_entry{
    "SELECT q.conversation_id FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id "
    "WHERE q.status = 'pending' AND c.status = 'pending_human' AND array_remove(q.required_skills, $3) <@ $2 "
    "AND $1 <> ALL (q.declined_by) "
    "ORDER BY q.priority, q.ticket LIMIT 1 FOR NO KEY UPDATE OF c, q SKIP LOCKED"};
const Statement<std::string, std::int32_t> list_assignable{
    "SELECT q.conversation_id FROM hil.agent_queue q WHERE q.status = 'pending' AND EXISTS "
    "(SELECT 1 FROM hil.human_agents a WHERE a.status = 'online' AND a.current_load < a.max_capacity "
    " AND a.skills @> array_remove(q.required_skills, $1) AND a.id <> ALL (q.declined_by)) "
    "ORDER BY q.priority, q.ticket LIMIT $2"};

std::optional<pg::JsonText> steps_of(const Route& route) {
    if (route.escalation.empty()) return std::nullopt;
    return pg::JsonText{escalation_json(route.escalation).dump()};
}

std::optional<std::int32_t> first_step_of(const Route& route) {
    if (route.escalation.empty()) return std::nullopt;
    return route.escalation.front().after_seconds;
}

std::optional<Agent> agent_in(const pg::Rows& rows) {
    if (rows.empty()) return std::nullopt;
    const auto [id, name] = rows.front().as<Uuid, std::string>();
    return Agent{id, name};
}

std::optional<Agent> take_slot(const Entry& entry) {
    const SkillSet skills = without(entry.skills, settings::general());
    const auto& declined = entry.declined_by;
    if (entry.previous_agent &&
        std::find(declined.begin(), declined.end(), *entry.previous_agent) == declined.end())
        if (std::optional<Agent> agent = agent_in(take_slot_of(*entry.previous_agent, skills))) return agent;
    return agent_in(take_best_slot(skills, declined));
}

void become_active(Conversation& conversation, const Agent& agent) {
    conversation.move(State::human_active);
    conversation.agent = agent.id;
    emit("new_assignment", conversation.id, agent.id);
}

// Takes the conversation from its agent: frees the slot and adds the cost of the time since it was assigned.
void release_agent(Conversation& conversation) {
    const Uuid agent = conversation.agent.value();
    const Duration spent = pg::clock_now() - conversation.status_since;
    conversation.added_human_cost_usd =
        give_slot_back(agent, std::max<std::int64_t>(0, spent.microseconds)).front().get<std::string>(0);
    conversation.last_agent = agent;
    conversation.agent.reset();
    emit("unassigned", conversation.id, agent);
}

std::optional<Agent> record_assignment(Conversation& conversation, const Entry& entry,
                                       std::optional<Agent> agent) {
    if (!agent) return std::nullopt;
    mark_assigned(conversation.id, entry.ticket, agent->id);
    count_waiting({entry.priority, entry.ticket, entry.skill_set}, -1);
    mark_handover_taken(conversation.id, agent->id);
    become_active(conversation, *agent);
    return agent;
}

}  // namespace

std::int32_t intern_required(const SkillSet& skills) {
    pg::Rows rows = find_skill_set(skills);
    if (rows.empty()) rows = insert_skill_set(skills);
    if (rows.empty()) rows = find_skill_set(skills);
    return rows.front().get<std::int32_t>(0);
}

std::optional<Agent> enqueue(Conversation& conversation, const Route& route) {
    const std::int32_t skill_set = intern_required(route.skills);
    Entry entry;
    entry.skills = route.skills;
    entry.previous_agent = conversation.last_agent;
    std::optional<Agent> agent = take_slot(entry);
    const pg::Rows inserted =
        insert_entry(conversation.id, route.priority, route.skills, skill_set,
                     agent ? std::optional(agent->id) : std::nullopt, entry.previous_agent,
                     route.max_wait_seconds, pg::clock_now(), steps_of(route), first_step_of(route));
    if (agent) {
        become_active(conversation, *agent);
    } else {
        count_waiting({route.priority, inserted.front().get<std::int64_t>(0), skill_set}, +1);
        emit("no_agents", conversation.id, std::nullopt, {{"priority", route.priority}});
    }
    return agent;
}

void intern_general_skill() { intern_required({settings::general()}); }

Entry lock_entry(const Conversation& conversation) {
    const pg::Rows rows = lock_active_entry(conversation.id);
    if (rows.empty())
        throw std::logic_error("conversation " + conversation.id.text() + " has no active queue entry");
    Entry entry;
    std::tie(entry.ticket, entry.priority, entry.skills, entry.skill_set, entry.previous_agent,
             entry.declined_by) =
        rows.front().as<std::int64_t, std::int32_t, SkillSet, std::int32_t, std::optional<Uuid>, Uuids>();
    return entry;
}

void requeue(Conversation& conversation, Entry& entry, const Requeue& change) {
    if (change.route) {
        entry.skills = change.route->skills;
        entry.priority = change.route->priority;
        entry.skill_set = intern_required(entry.skills);
    }
    if (change.priority) entry.priority = *change.priority;
    auto& declined = entry.declined_by;
    if (std::find(declined.begin(), declined.end(), change.given_up_by) == declined.end())
        declined.push_back(change.given_up_by);
    // Two transfers in opposite directions would otherwise wait for each other.
    if (change.next_agent) lock_agents(Uuids{conversation.agent.value(), *change.next_agent});
    mark_pending(conversation.id, entry.ticket, entry.priority, declined);
    if (const auto& route = change.route)
        change_skills(conversation.id, entry.ticket, entry.skills, entry.skill_set, pg::clock_now(),
                      route->max_wait_seconds, steps_of(*route), first_step_of(*route));
    count_waiting({entry.priority, entry.ticket, entry.skill_set}, +1);
    // Whoever gives a conversation up is not the one to whom it should return.
    const std::optional<Uuid> before = conversation.last_agent;
    release_agent(conversation);
    conversation.last_agent = before;
    conversation.move(State::pending_human);
}

std::optional<Agent> assign(Conversation& conversation, const Entry& entry) {
    return record_assignment(conversation, entry, take_slot(entry));
}

std::optional<Agent> assign_to(Conversation& conversation, const Entry& entry, const Uuid& agent) {
    return record_assignment(conversation, entry, agent_in(take_named_slot(agent)));
}

void leave_queue(Conversation& conversation) {
    for (const pg::Row& row : mark_ended(conversation.id)) {
        const auto [waited, priority, ticket, skill_set] =
            row.as<bool, std::int32_t, std::int64_t, std::int32_t>();
        if (waited) count_waiting({priority, ticket, skill_set}, -1);
    }
    if (conversation.agent) release_agent(conversation);
}

std::vector<Uuid> fill_agent(const Uuid& agent) {
    const auto [online, slots, skills] = lock_agent(agent).front().as<bool, std::int32_t, SkillSet>();
    std::vector<Uuid> taken;
    if (!online) return taken;
    for (std::int32_t free = slots; free > 0; --free) {
        const pg::Rows rows = choose_entry(agent, skills, settings::general());
        if (rows.empty()) break;
        Conversation conversation = lock(rows.front().get<Uuid>(0));
        if (!assign_to(conversation, lock_entry(conversation), agent)) break;
        save(conversation);
        taken.push_back(conversation.id);
    }
    return taken;
}

std::int64_t assign_waiting(std::int32_t at_most) {
    std::int64_t assigned = 0;
    for (const pg::Row& row : list_assignable(settings::general(), at_most)) {
        pg::let_interrupts_through();
        std::optional<Conversation> conversation = try_lock(row.get<Uuid>(0));
        if (!conversation || conversation->state != State::pending_human) continue;
        if (!assign(*conversation, lock_entry(*conversation))) continue;
        save(*conversation);
        ++assigned;
    }
    return assigned;
}

}  // namespace hil::engine
