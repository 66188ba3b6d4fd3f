// Presence: whether human agents are there.
#pragma once

#include "pg/statement.hpp"

namespace hil::engine {

// A sign of life is written down again only where the last one is older than this instant.
pg::Timestamp stale_before();

// Notes that the agent is there. False where there is no such agent.
bool note_sign_of_life(const pg::Uuid& agent);

// Marks agents offline who were silent for hil.agent_timeout, at most `at_most`; returns how many. They keep
// their conversations, see lost_agents.hpp.
std::int64_t time_out_agents(std::int32_t at_most);

}  // namespace hil::engine
