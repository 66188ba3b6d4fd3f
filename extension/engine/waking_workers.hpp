// Waking workers: a NOTIFY where a run became due, be it new or one whose pause has ended.
#pragma once

#include <cstdint>

namespace hil::engine {

// Sends a NOTIFY on hil_runs where a queued run became due since this process looked last; returns 1 where it
// did, else 0. A hint and no event, which the relay would commit to disk before it announces it: workers hear
// of a customer's message that much earlier. What is committed late may be missed here; the event run_queued
// tells of it, and a worker that looks by itself finds it.
std::int64_t wake_workers(std::int32_t at_most);

}  // namespace hil::engine
