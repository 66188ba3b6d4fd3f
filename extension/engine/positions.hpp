// Places in the queue, exact and at a cost that does not grow with its length.
//
// Who waits is counted by blocks of tickets. Whatever changes what is pending says so with count_waiting,
// which only inserts a row, so nobody waits for a hot counter. fold adds up what came in. A position is the
// sum of the counts before an entry's block, of what is not folded yet, and of the entries of its block
// before it.
#pragma once

#include <cstdint>

#include "engine/conversations.hpp"

namespace hil::engine {

// An entry that starts or stops being pending: which count it belongs to.
struct Waiting {
    std::int32_t priority = 0;
    std::int64_t ticket = 0;
    std::int32_t skill_set = 0;
};

// Says that an entry began (+1) or ceased (-1) to wait with this priority, ticket and skill set; for a change
// of priority or skills call it twice. In the transaction of the change. `waited`: how long an entry waited
// that an agent takes now; it is one of those from which the waiting time is told (waiting_time.hpp).
void count_waiting(const Waiting& entry, std::int32_t change,
                   const std::optional<Duration>& waited = std::nullopt);

// hil_queue_position: 1 = next, 0 = not waiting.
std::int64_t position(const Uuid& conversation);

// Folds the deltas of finished transactions into the counts, at most `at_most`; returns how many. Does
// nothing where somebody else folds, or where it is not worth it yet because a scheduler will come by again
// soon.
std::int64_t fold(std::int32_t at_most);

}  // namespace hil::engine
