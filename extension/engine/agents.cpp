#include "engine/agents.hpp"

#include <algorithm>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "engine/matching.hpp"
#include "engine/presence.hpp"
#include "engine/settings.hpp"
#include "engine/skill_sets.hpp"
#include "engine/slots.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

constexpr std::int32_t max_max_capacity = 1000;

const Statement<std::string, std::string, std::vector<std::string>, std::int32_t, std::int32_t, std::string>
    insert{
        "INSERT INTO hil.human_agents (name, email, skills, profile_id, max_capacity, hourly_rate_usd) "
        "VALUES ($1, $2, $3, $4, $5, $6::numeric) ON CONFLICT (email) DO NOTHING RETURNING id"};
const Statement<Uuid> select_name{"SELECT name FROM hil.human_agents WHERE id = $1"};
const Statement<std::string> select_by_email{"SELECT id FROM hil.human_agents WHERE email = $1"};
const Statement<std::vector<std::string>> agents_of_roles{
    "SELECT id, db_role::text FROM hil.human_agents WHERE db_role = ANY ($1::name[])"};
const Statement<Uuid, std::string, pg::Timestamp> update_status{
    "UPDATE hil.human_agents SET status = $2, last_active = $3, "
    "status_since = CASE WHEN status = $2 THEN status_since ELSE $3 END "
    "WHERE id = $1 RETURNING id"};
const Statement<Uuid, std::vector<std::string>, std::int32_t> update_skills{
    "UPDATE hil.human_agents SET skills = $2, profile_id = $3 WHERE id = $1 RETURNING id"};
const Statement<Uuid, std::int32_t, std::int32_t> update_capacity{
    "UPDATE hil.human_agents SET max_capacity = $2, capacity_set_at = clock_timestamp(), ranked_by = $3, "
    "rank = " HIL_RANK("$3", "current_load", "$2", "last_assigned_at") " WHERE id = $1 RETURNING id"};
const Statement<Uuid> select_state{
    "SELECT status, current_load, max_capacity FROM hil.human_agents WHERE id = $1"};
const Statement<Uuid> select_inbox{
    "SELECT q.conversation_id, c.status, q.priority, q.assigned_at, "
    "(SELECT min(m.created_at) FROM hil.messages m "
    " WHERE m.conversation_id = c.id AND m.id > c.answered_through AND m.sender_type = 'user'), "
    "(SELECT m.content FROM hil.messages m WHERE m.conversation_id = c.id AND m.sender_type <> 'system' "
    " ORDER BY m.id DESC LIMIT 1), "
    "c.handover_context "
    "FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id "
    "WHERE q.assigned_to = $1 AND q.status = 'assigned' ORDER BY q.priority, q.assigned_at"};

[[noreturn]] void refuse_unknown(const Uuid& agent) {
    throw Refusal(Reason::not_found, "there is no agent " + agent.text(),
                  "Check the id; hil_add_agent returns it.");
}

// What the three setters share: the row is locked by `updated`'s UPDATE.
Json after_update(const Uuid& agent, const pg::Rows& updated) {
    if (updated.empty()) refuse_unknown(agent);
    Json assigned = Json::array();
    for (const Uuid& conversation : fill_agent(agent)) assigned.push_back(conversation.text());
    const auto [status, load, capacity] =
        select_state(agent).front().as<std::string, std::int32_t, std::int32_t>();
    return {{"agent_id", agent.text()},
            {"status", status},
            {"current_load", load},
            {"max_capacity", capacity},
            {"assigned", std::move(assigned)}};
}

void require_capacity(std::int32_t max_capacity) {
    if (max_capacity < 0 || max_capacity > max_max_capacity)
        throw Refusal(Reason::invalid_argument,
                      "max_capacity is " + std::to_string(max_capacity) + ", 0 to 1000 is allowed",
                      "Pass how many conversations the agent takes at once.");
}

// 0 to 99,999.99…: decided on the digits, since a double would not tell the last of them.
void require_rate(const std::string& rate) {
    const bool plain = rate.find_first_not_of("0123456789.") == std::string::npos;
    if (plain && std::min(rate.find('.'), rate.size()) <= 5) return;
    throw Refusal(Reason::invalid_argument,
                  "hourly_rate_usd is " + in_quotes(rate) + ", 0 to below 100,000 is allowed",
                  "Pass US dollars an hour, or NULL where the rate is not known.");
}

}  // namespace

Uuid add_agent(const NewAgent& agent) {
    require_capacity(agent.max_capacity);
    if (agent.hourly_rate_usd) require_rate(*agent.hourly_rate_usd);
    const pg::Rows rows = insert(agent.name, agent.email, agent.skills, intern_profile(agent.skills),
                                 agent.max_capacity, agent.hourly_rate_usd);
    if (rows.empty())
        throw Refusal(Reason::invalid_argument, "another agent has the email \"" + agent.email + "\" already",
                      "Emails are unique; use that agent, or another email.");
    return rows.front().get<Uuid>(0);
}

std::string agent_name(const Uuid& agent) {
    const pg::Rows rows = select_name(agent);
    if (rows.empty()) refuse_unknown(agent);
    return rows.front().get<std::string>(0);
}

Uuid agent_with_email(const std::string& email) {
    const pg::Rows rows = select_by_email(email);
    if (rows.empty())
        throw Refusal(Reason::not_found, "there is no agent with the email " + in_quotes(email),
                      "Check the email; hil_add_agent adds an agent.");
    return rows.front().get<Uuid>(0);
}

void require_caller_may_act_as(const std::optional<Uuid>& agent) {
    // SET ROLE to the group that holds the grants does not set an agent's role free.
    for (const pg::Row& row : agents_of_roles(pg::calling_roles())) {
        const auto [own, role] = row.as<Uuid, std::string>();
        if (agent == own) continue;
        throw Refusal(
            Reason::not_allowed,
            "role " + in_quotes(role) + " belongs to agent " + own.text() +
                (agent ? " and cannot act as agent " + agent->text() : " and cannot act as the system"),
            "Name the role's own agent. If the role is another agent's now, the owner of hil's tables "
            "changes hil.human_agents.db_role.");
    }
}

Json set_agent_status(const Uuid& agent, const std::string& status) {
    if (status != "online" && status != "away" && status != "offline")
        throw Refusal(Reason::invalid_argument, "status is " + in_quotes(status),
                      "Pass online, away or offline.");
    return after_update(agent, update_status(agent, status, pg::clock_now()));
}

Json set_agent_skills(const Uuid& agent, const SkillSet& skills) {
    return after_update(agent, update_skills(agent, skills, intern_profile(skills)));
}

Json set_agent_capacity(const Uuid& agent, std::int32_t max_capacity) {
    require_capacity(max_capacity);
    return after_update(agent, update_capacity(agent, max_capacity, settings::assignment_order));
}

void heartbeat(const Uuid& agent) {
    if (!note_sign_of_life(agent)) refuse_unknown(agent);
}

pg::Rows inbox(const Uuid& agent) {
    agent_name(agent);
    const pg::PlansByIndex by_index;
    return select_inbox(agent);
}

}  // namespace hil::engine
