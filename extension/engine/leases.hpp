// Leases: which worker holds which run, and for how long.
#pragma once

#include <string>
#include <vector>

#include "engine/conversations.hpp"

namespace hil::engine {

// The rows of hil_claim_runs. Takes due runs that nobody is looking at, oldest first.
pg::Rows claim_runs(const std::string& worker, std::int32_t max_runs, Duration lease);

// hil_renew_runs: the ids, of those given, that the worker still holds.
std::vector<std::int64_t> renew_runs(const std::string& worker, const std::vector<std::int64_t>& runs,
                                     Duration lease);

// Ends attempts whose lease is over, and hands over conversations whose run is older than hil.ai_timeout;
// each at most `at_most`, skipping conversations that others hold. Return how many.
// Leases that ended while nobody could renew them, since the server was away, get half a minute from its
// return, and so does the AI's time.
std::int64_t expire_leases(std::int32_t at_most);
std::int64_t time_out_runs(std::int32_t at_most);

// Since when the server can be written to. Where nobody says it, that is since its start; background/ knows
// of crashes and promotions too, where the library is preloaded.
Timestamp writable_since();
void set_writable_since(Timestamp (*function)());

}  // namespace hil::engine
