#include "engine/escalation.hpp"

#include <algorithm>
#include <vector>

#include "core/escalation.hpp"
#include "core/refusal.hpp"
#include "engine/desk.hpp"
#include "engine/events.hpp"
#include "engine/positions.hpp"
#include "engine/queue.hpp"
#include "engine/set_aside.hpp"
#include "engine/skill_sets.hpp"
#include "engine/workflows.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

const Statement<Timestamp, std::int32_t> select_due{
    "SELECT conversation_id FROM hil.agent_queue WHERE status = 'pending' AND next_step_at <= $1 "
    "ORDER BY next_step_at LIMIT $2"};
const Statement<Uuid, std::int64_t> select_steps{
    "SELECT escalation, escalation_step, next_step_at FROM hil.agent_queue "
    "WHERE conversation_id = $1 AND ticket = $2"};
const Statement<Uuid, std::int64_t, std::int32_t, std::vector<std::string>, std::int32_t, std::int32_t,
                Timestamp, bool>
    write_steps{
        "UPDATE hil.agent_queue SET priority = $3, required_skills = $4, skill_set_id = $5, "
        "escalation_step = $6, next_step_at = $7, "
        "sla_breached_at = CASE WHEN $8 THEN coalesce(sla_breached_at, clock_timestamp()) "
        "                  ELSE sla_breached_at END "
        "WHERE conversation_id = $1 AND ticket = $2"};

// An entry with steps to take; conversation and entry are locked.
struct Overdue {
    Conversation conversation;
    Entry entry;
    std::vector<EscalationStep> steps;      // those due
    std::int32_t taken;                     // how many were taken before
    std::optional<Timestamp> next;          // when the one after them is due
    std::optional<std::int32_t> skill_set;  // of the skills that are required then, where they change
};

// What is due of a waiting entry, or nothing where somebody else holds it or has dealt with it.
std::optional<Overdue> look_at(const Uuid& id, Timestamp now) {
    std::optional<Conversation> conversation = try_lock(id);
    if (!conversation || conversation->state != State::pending_human) return std::nullopt;
    Overdue result{*std::move(conversation), {}, {}, 0, std::nullopt, std::nullopt};
    result.entry = lock_entry(result.conversation);
    const auto [stored, taken, next] =
        select_steps(id, result.entry.ticket)
            .front()
            .as<std::optional<pg::JsonText>, std::int32_t, std::optional<Timestamp>>();
    if (!stored || !next) return std::nullopt;
    const std::vector<EscalationStep> all = read_escalation(Json::parse(stored->text));
    result.taken = taken;
    // The steps are as far apart as their times say, however late the ones before them are taken.
    Timestamp due = *next;
    std::size_t at = static_cast<std::size_t>(taken);
    for (; at < all.size() && due.microseconds <= now.microseconds; ++at) {
        result.steps.push_back(all[at]);
        if (at + 1 < all.size())
            due.microseconds += (all[at + 1].after_seconds - all[at].after_seconds) * std::int64_t{1'000'000};
    }
    if (at < all.size()) result.next = due;
    return result;
}

// Why the AI cannot take the conversation, or nothing where it can.
std::optional<std::string> why_no_ai(const Conversation& conversation) {
    try {
        if (workflow_of(conversation.workflow)) return std::nullopt;
        return "no workflow is loaded";
    } catch (const Refusal& refusal) {
        return refusal.what();
    } catch (const UnreadableDefinition&) {
        return "the workflow cannot be read";
    }
}

void tell(const Conversation& conversation, const EscalationStep& step, std::int32_t number,
          std::int32_t priority, const std::optional<std::string>& obstacle) {
    Json more = {{"step", number}, {"priority", priority}};
    if (step.notify) more["notify"] = *step.notify;
    if (step.back_to_ai) more["back_to_ai"] = !obstacle;
    if (obstacle) more["obstacle"] = *obstacle;
    emit(step.deadline ? "sla_breached" : "escalated", conversation.id, std::nullopt, more);
}

// False where that would wait for another session.
bool intern_skills(Overdue& due) {
    for (const EscalationStep& step : due.steps)
        if (step.skills && !(due.skill_set = try_intern_required(*step.skills))) return false;
    return true;
}

// Takes the steps, one after the other, and returns how many: none after the one that ended the wait.
std::int32_t take_steps(Overdue& due) {
    Conversation& conversation = due.conversation;
    Entry& entry = due.entry;
    const Waiting before{entry.priority, entry.ticket, entry.skill_set};
    bool deadline_over = false, to_ai = false;
    std::int32_t taken = 0;
    for (auto step = due.steps.begin(); step != due.steps.end() && !to_ai; ++step) {
        if (step->priority) entry.priority = std::min(entry.priority, *step->priority);
        if (step->skills) entry.skills = *step->skills;
        deadline_over = deadline_over || step->deadline;
        const auto obstacle = step->back_to_ai ? why_no_ai(conversation) : std::nullopt;
        to_ai = step->back_to_ai && !obstacle;
        ++taken;
        tell(conversation, *step, due.taken + taken, entry.priority, obstacle);
    }
    if (due.skill_set) entry.skill_set = *due.skill_set;
    write_steps(conversation.id, entry.ticket, entry.priority, entry.skills, entry.skill_set,
                due.taken + taken, due.next, deadline_over);
    if (entry.priority != before.priority || entry.skill_set != before.skill_set) {
        count_waiting(before, -1);
        count_waiting({entry.priority, entry.ticket, entry.skill_set}, +1);
    }
    if (to_ai) {
        give_to_ai(conversation, {.reason = "no human agent was free in time"});
    } else if (due.skill_set && assign(conversation, entry)) {
        save(conversation);
    }
    return taken;
}

}  // namespace

std::int64_t escalate(std::int32_t at_most) {
    const pg::PlansByIndex by_index;
    const Timestamp now = pg::clock_now();
    std::vector<Overdue> overdue;
    for (const pg::Row& row : select_due(now, at_most)) {
        pg::let_interrupts_through();
        const auto id = row.get<Uuid>(0);
        if (!take_up(id)) continue;
        std::optional<Overdue> found = look_at(id, now);
        if (found && !found->steps.empty()) overdue.push_back(*std::move(found));
    }
    // All of them before the first is assigned: what is interned is locked, which comes before agents. Where
    // somebody else is interning, who may take as long as a transaction can, the next round does it.
    std::erase_if(overdue, [](Overdue& due) {
        take_up(due.conversation.id);
        return !intern_skills(due);
    });
    std::int64_t taken = 0;
    for (Overdue& due : overdue) {
        take_up(due.conversation.id);
        taken += take_steps(due);
    }
    return taken;
}

}  // namespace hil::engine
