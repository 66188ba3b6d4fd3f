// The worker's side of the protocol: hil's SQL functions, and how values are written for them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "db/async_connection.hpp"

namespace hil::worker {

// A run that this worker holds. Everything it reports carries (run_id, attempt), which fences it against
// newer attempts.
struct Claim {
    std::int64_t run_id = 0;
    int attempt = 0;
    std::string conversation_id;
    std::string workflow;
    int revision = 0;
    Json input;
};

// As it comes: taking its input apart is not for the I/O thread.
struct RawClaim {
    Claim claim;  // without its input
    std::string input;
};

// All functions throw DatabaseError. What they refer to outlives them.
Task<std::vector<RawClaim>> claim_runs(AsyncConnection& connection, std::string worker, std::size_t max_runs,
                                       std::chrono::milliseconds lease);

// Renews the leases of the runs given and returns those that this worker still holds. A server that does not
// answer within `limit` is given up.
Task<std::vector<std::int64_t>> renew_runs(AsyncConnection& connection, std::string worker,
                                           std::vector<std::int64_t> run_ids, std::chrono::milliseconds lease,
                                           std::chrono::milliseconds limit);

Task<> tick(AsyncConnection& connection);

// The definition of a workflow's revision, as JSON text.
Task<std::string> workflow_definition(AsyncConnection& connection, std::string name, int revision);

// Stores a workflow and returns its new revision; waits meanwhile.
int load_workflow(Connection& connection, const Json& definition, const std::string& source);

// What the database takes as a run's error: at most max_error_bytes of it, cut between characters; a NUL and
// a byte of broken UTF-8 becomes U+FFFD each.
inline constexpr std::size_t max_error_bytes = 4000;
std::string error_text(std::string_view error);

// As the database takes it: seconds from 0 to a day.
double retry_seconds(std::chrono::milliseconds retry_after);

// JSON as it is sent. Text that a model wrote may hold broken UTF-8, which jsonb refuses: it is replaced.
std::string text_of(const Json& json);

}  // namespace hil::worker
