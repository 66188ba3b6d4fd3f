// Rounds: the work that time brings, done by whoever calls.
#pragma once

#include "core/json.hpp"

namespace hil::engine {

// hil_tick: one round. Never waits for a lock; what others hold is left for the next round.
Json tick();

}  // namespace hil::engine
