// Matching: which waiting entry an agent takes, and the pairs that two transactions missed.
#pragma once

#include <vector>

#include "engine/conversations.hpp"

namespace hil::engine {

// Lets an online agent take the first matching entries, by priority and ticket, until it is full. Returns the
// conversations, which are saved. The cost grows with the number of required sets that the agent covers, not
// with the queue.
std::vector<Uuid> fill_agent(const Uuid& agent);

// Assigns waiting entries for which an able agent has a free slot, by priority and ticket, at most `at_most`;
// returns how many. What others hold is left to them, or to the next round.
std::int64_t assign_waiting(std::int32_t at_most);

}  // namespace hil::engine
