// Human agents: who they are and whether they take work. Slots are taken and given back by queue.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/skills.hpp"
#include "engine/conversations.hpp"

namespace hil::engine {

struct NewAgent {
    std::string name;
    std::string email;
    SkillSet skills;
    std::int32_t max_capacity;
    std::optional<std::string> hourly_rate_usd;  // numeric in its text form
};

// An agent as hil_add_agent made it, offline. Refusal(invalid_argument) where the email is taken.
Uuid add_agent(const NewAgent& agent);

// The agent's name. Refusal(not_found) where there is no such agent.
std::string agent_name(const Uuid& agent);

// The id of the agent with that email. Refusal(not_found) where there is none.
Uuid agent_with_email(const std::string& email);

// Refusal(not_allowed) where the calling database role belongs to another agent. `agent` nothing: the call is
// the system's, which no agent's role may pose as.
void require_caller_may_act_as(const std::optional<Uuid>& agent);

// Each locks the agent, changes it, lets it take waiting work, and returns {agent_id, status, current_load,
// max_capacity, assigned: [conversation ids]}.
Json set_agent_status(const Uuid& agent, const std::string& status);
Json set_agent_skills(const Uuid& agent, const SkillSet& skills);
Json set_agent_capacity(const Uuid& agent, std::int32_t max_capacity);

void heartbeat(const Uuid& agent);

// The rows of hil_inbox.
pg::Rows inbox(const Uuid& agent);

}  // namespace hil::engine
