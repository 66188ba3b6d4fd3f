// What the launcher's and the schedulers' processes have in common: signals, waiting, their place in
// pg_stat_activity.
#pragma once

#include "pg/prelude.hpp"

namespace hil::background {

// The first thing that such a process does.
void take_signals();

// Once it is connected: its name in pg_stat_activity, and settings that no database may change for it.
void settle(const char* name);

// What pg_stat_activity shows while such a process waits: the name, from version 17 on; before, only that an
// extension waits.
std::uint32_t wait_event(const char* name);

enum class Woken { timeout, latch, end };

// Waits until the latch is set, or `milliseconds` are over; `end` where this process is to end. Handles what
// any process of the server has to while it waits, and reads the configuration again where that was asked
// for.
Woken wait(long milliseconds, std::uint32_t event);

// Waits for no latch: lets what will set it come together.
void pause(long milliseconds, std::uint32_t event);

}  // namespace hil::background
