// Retention: what is older than hil.retention goes, batch by batch.
#pragma once

#include <cstdint>

namespace hil::engine {

// Delete closed conversations with all their rows, and events; at most `at_most` each, the oldest first, and
// none where hil.retention is 0. Return how many.
std::int64_t purge_old_conversations(std::int32_t at_most);
std::int64_t purge_old_events(std::int32_t at_most);

}  // namespace hil::engine
