// What the session itself knows and does: who calls, NOTIFY, interrupts. No Postgres header here.
#pragma once

#include <string>

namespace hil::pg {

// The role that called, before SECURITY DEFINER changed it (SET ROLE counts).
std::string calling_role();

// NOTIFY at commit. `channel` has at most 63 bytes, `payload` fewer than 8,000.
void notify(const std::string& channel, const std::string& payload);

// A random number of 0 (included) to 1 (excluded), for jitter.
double random_fraction();

// Lets a pending cancel or shutdown through, as a pg::Error.
void let_interrupts_through();

}  // namespace hil::pg
