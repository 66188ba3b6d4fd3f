// Retention: what is old goes, batch by batch.
#pragma once

#include <cstdint>

#include "pg/values.hpp"

namespace hil::engine {

using pg::Duration;

// hil_purge: deletes conversations closed longer ago than `older_than` with all their rows, and events;
// returns how many conversations. An error names the conversation that cannot be deleted.
std::int64_t purge(Duration older_than);

// Delete what is older than hil.retention: closed conversations, and events; at most `at_most` each, the
// oldest first, and none where hil.retention is 0. Return how many.
std::int64_t purge_old_conversations(std::int32_t at_most);
std::int64_t purge_old_events(std::int32_t at_most);

}  // namespace hil::engine
