#include "engine/queue.hpp"

#include <algorithm>

#include "core/escalation.hpp"
#include "engine/events.hpp"
#include "engine/positions.hpp"
#include "engine/skill_sets.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using Texts = std::vector<std::string>;
using Uuids = std::vector<Uuid>;

const pg::Insertion<Uuid, std::int32_t, Texts, std::int32_t, std::string, Uuid, Timestamp, Uuid, Timestamp,
                    Timestamp, pg::JsonText, Timestamp>
    insert_entry{
        "agent_queue",
        "conversation_id, priority, required_skills, skill_set_id, status, assigned_to, assigned_at, "
        "previous_agent_id, deadline, created_at, escalation, next_step_at",
        "ticket"};

const Statement<Uuid> lock_active_entry{
    "SELECT ticket, priority, required_skills, skill_set_id, previous_agent_id, declined_by FROM "
    "hil.agent_queue "
    "WHERE conversation_id = $1 AND status IN ('pending', 'assigned') FOR UPDATE"};

const Statement<Uuid, std::int64_t, Uuid> mark_assigned{
    "UPDATE hil.agent_queue SET status = 'assigned', assigned_to = $3, assigned_at = clock_timestamp() "
    "WHERE conversation_id = $1 AND ticket = $2"};
// The time with the agent is no waiting: what the wait brings comes later by as much.
const Statement<Uuid, std::int64_t, std::int32_t, Uuids, Uuid> mark_pending{
    "UPDATE hil.agent_queue SET status = 'pending', assigned_to = NULL, assigned_at = NULL, priority = $3, "
    "declined_by = $4, previous_agent_id = $5, served = served + (clock_timestamp() - assigned_at), "
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

Wanted wanted_for(const Entry& entry) { return {entry.skill_set, entry.previous_agent, entry.declined_by}; }

std::optional<pg::JsonText> steps_of(const Route& route) {
    if (route.escalation.empty()) return std::nullopt;
    return pg::JsonText{escalation_json(route.escalation).dump()};
}

std::optional<std::int32_t> first_step_of(const Route& route) {
    if (route.escalation.empty()) return std::nullopt;
    return route.escalation.front().after_seconds;
}

std::optional<Timestamp> later(Timestamp now, std::optional<std::int32_t> seconds) {
    if (!seconds) return std::nullopt;
    return Timestamp{now.microseconds + std::int64_t{*seconds} * 1'000'000};
}

void become_active(Conversation& conversation, const Agent& agent) {
    conversation.move(State::human_active);
    conversation.agent = agent.id;
    emit("new_assignment", conversation.id, agent.id);
}

// Takes the conversation from its agent: frees the slot and adds the cost of the time since it was assigned.
void release_agent(Conversation& conversation, bool by_agent) {
    const Uuid agent = conversation.agent.value();
    const Duration spent = pg::clock_now() - conversation.status_since;
    conversation.added_human_cost_usd = give_slot_back(agent, spent, by_agent);
    conversation.last_agent = agent;
    conversation.agent.reset();
    emit("unassigned", conversation.id, agent);
}

// How long an entry waited that is taken now. Nothing where it did not: it was passed on within this
// transaction, or waited for no agent but for the round that found them.
std::optional<Duration> wait_of(const Conversation& conversation) {
    constexpr std::int64_t least = 1'000'000;
    if (conversation.stored_state != State::pending_human) return std::nullopt;
    const Duration waited = pg::clock_now() - conversation.status_since;
    return waited.microseconds < least ? std::nullopt : std::optional(waited);
}

std::optional<Agent> record_assignment(Conversation& conversation, const Entry& entry,
                                       std::optional<Agent> agent) {
    if (!agent) return std::nullopt;
    const pg::PlansByIndex by_index;
    mark_assigned(conversation.id, entry.ticket, agent->id);
    count_waiting({entry.priority, entry.ticket, entry.skill_set}, -1, wait_of(conversation));
    mark_handover_taken(conversation.id, agent->id);
    become_active(conversation, *agent);
    return agent;
}

}  // namespace

std::optional<Agent> enqueue(Conversation& conversation, const Route& route) {
    Entry entry;
    entry.skill_set = intern_required(route.skills);
    entry.previous_agent = conversation.last_agent;
    std::optional<Agent> agent = take_slot(wanted_for(entry));
    const Timestamp now = pg::clock_now();
    const pg::Rows inserted = insert_entry(
        conversation.id, route.priority, route.skills, entry.skill_set, agent ? "assigned" : "pending",
        agent ? std::optional(agent->id) : std::nullopt, agent ? std::optional(now) : std::nullopt,
        entry.previous_agent, later(now, route.max_wait_seconds), now, steps_of(route),
        later(now, first_step_of(route)));
    if (agent) {
        become_active(conversation, *agent);
    } else {
        count_waiting({route.priority, inserted.front().get<std::int64_t>(0), entry.skill_set}, +1);
        emit("no_agents", conversation.id, std::nullopt, {{"priority", route.priority}});
    }
    return agent;
}

Entry lock_entry(const Conversation& conversation) {
    const pg::PlansByIndex by_index;
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
    const pg::PlansByIndex by_index;
    const Uuid agent = conversation.agent.value();
    if (change.route) {
        entry.skills = change.route->skills;
        entry.skill_set = intern_required(entry.skills);
        entry.priority = change.route->priority;
    }
    if (change.priority) entry.priority = *change.priority;
    auto& declined = entry.declined_by;
    if (!change.given_up)
        entry.previous_agent = agent;
    else if (std::find(declined.begin(), declined.end(), agent) == declined.end())
        declined.push_back(agent);
    if (change.next_agent) lock_agents(agent, *change.next_agent);
    mark_pending(conversation.id, entry.ticket, entry.priority, declined, entry.previous_agent);
    if (const auto& route = change.route)
        change_skills(conversation.id, entry.ticket, entry.skills, entry.skill_set, pg::clock_now(),
                      route->max_wait_seconds, steps_of(*route), first_step_of(*route));
    count_waiting({entry.priority, entry.ticket, entry.skill_set}, +1);
    const std::optional<Uuid> before = conversation.last_agent;
    release_agent(conversation, change.given_up);
    // Whoever gives a conversation up is not the one to whom it should return.
    if (change.given_up) conversation.last_agent = before;
    conversation.move(State::pending_human);
}

std::optional<Agent> assign(Conversation& conversation, const Entry& entry) {
    return record_assignment(conversation, entry, take_slot(wanted_for(entry)));
}

std::optional<Agent> assign_to(Conversation& conversation, const Entry& entry, const Uuid& agent) {
    return record_assignment(conversation, entry, take_slot_of(agent));
}

void leave_queue(Conversation& conversation, bool by_agent) {
    pg::Rows ended;
    {
        const pg::PlansByIndex by_index;
        ended = mark_ended(conversation.id);
    }
    for (const pg::Row& row : ended) {
        const auto [waited, priority, ticket, skill_set] =
            row.as<bool, std::int32_t, std::int64_t, std::int32_t>();
        if (waited) count_waiting({priority, ticket, skill_set}, -1);
    }
    if (conversation.agent) release_agent(conversation, by_agent);
}

}  // namespace hil::engine
