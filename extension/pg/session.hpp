// What the session itself knows and does: who calls, its server, NOTIFY, interrupts. No Postgres header here.
#pragma once

#include <string>
#include <vector>

#include "pg/values.hpp"

namespace hil::pg {

// The roles that the caller has: the one that logged in and, after SET ROLE, that one too; without what
// SECURITY DEFINER changed.
std::vector<std::string> calling_roles();

// NOTIFY at commit. `channel` has at most 63 bytes, `payload` fewer than 8,000.
void notify(const std::string& channel, const std::string& payload);

// A random number of 0 (included) to 1 (excluded), for jitter.
double random_fraction();

// A new uuid of version 7 (RFC 9562): it begins with the time, so that the rows of the same hour lie together
// in an index, and ends with 62 random bits.
Uuid new_uuid();

// When the server was started; a crash that it got over by itself is no start.
Timestamp server_start();

// Lets a pending cancel or shutdown through, as a pg::Error.
void let_interrupts_through();

}  // namespace hil::pg
