// Places in the queue, exact and at a cost that does not grow with its length.
//
// Who waits is counted by blocks of tickets. Whatever changes what is pending says so with count_waiting,
// which only inserts a row, so nobody waits for a hot counter.
#pragma once

#include <cstdint>

namespace hil::engine {

// An entry that starts or stops being pending: which count it belongs to.
struct Waiting {
    std::int32_t priority = 0;
    std::int64_t ticket = 0;
    std::int32_t skill_set = 0;
};

// Says that an entry began (+1) or ceased (-1) to wait with this priority, ticket and skill set; for a change
// of priority or skills call it twice. In the transaction of the change, and after its conversation was
// locked.
void count_waiting(const Waiting& entry, std::int32_t change);

}  // namespace hil::engine
