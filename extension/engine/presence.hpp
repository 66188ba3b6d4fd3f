// Presence: whether human agents are there, and what becomes of the conversations of those who are not.
#pragma once

#include "engine/conversations.hpp"

namespace hil::engine {

// A sign of life is written down again only where the last one is older than this instant.
Timestamp stale_before();

// Notes that the agent is there. False where there is no such agent.
bool note_sign_of_life(const Uuid& agent);

// Marks agents offline who were silent for hil.agent_timeout, at most `at_most`; returns how many.
std::int64_t time_out_agents(std::int32_t at_most);

// Returns the conversations of agents who have been offline for hil.requeue_after to the queue, each with its
// ticket, at most `at_most`; returns how many.
std::int64_t requeue_lost(std::int32_t at_most);

}  // namespace hil::engine
