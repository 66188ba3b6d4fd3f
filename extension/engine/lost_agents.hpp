// Lost agents: what becomes of the conversations of those who went offline and did not come back.
#pragma once

#include <cstdint>

namespace hil::engine {

// Returns the conversations of agents who have been offline for hil.requeue_after to the queue, each with its
// ticket, and gives them to whoever is free; at most `at_most`. Returns how many. Agents who come back before
// keep theirs; one who comes back later comes first for what still waits.
std::int64_t requeue_lost(std::int32_t at_most);

}  // namespace hil::engine
