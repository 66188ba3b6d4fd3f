// Rounds: the work that time brings, duty by duty.
#pragma once

#include <cstdint>
#include <span>

#include "core/json.hpp"

namespace hil::engine {

// One kind of work that time brings. Never waits for a lock: what others hold is left for the next round.
struct Duty {
    const char* name;                           // what it did, in what hil_tick returns; its name in the log
    std::int64_t (*run)(std::int32_t at_most);  // does at most so much; returns how much it did
};

// All of them, in the order of a round.
std::span<const Duty> duties();

// How much a duty does at most in one round: bounds one transaction, and so how long its locks are held.
constexpr std::int32_t most_per_round = 200;

// hil_tick: one round, each duty in a subtransaction. A duty that fails is reported as a WARNING and left out
// of the result; the others go on.
Json tick();

}  // namespace hil::engine
