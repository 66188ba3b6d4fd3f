#include "engine/retention.hpp"

#include "engine/conversations.hpp"
#include "engine/relay.hpp"
#include "engine/settings.hpp"
#include "pg/transaction.hpp"

namespace hil::engine {
namespace {

Timestamp oldest_kept() {
    return {pg::clock_now().microseconds -
            static_cast<std::int64_t>(settings::retention_seconds) * 1'000'000};
}

}  // namespace

std::int64_t purge_old_conversations(std::int32_t at_most) {
    return settings::retention_seconds == 0 ? 0 : purge_closed(oldest_kept(), at_most);
}

std::int64_t purge_old_events(std::int32_t at_most) {
    if (settings::retention_seconds == 0 || !pg::try_errand(pg::Errand::purge_events)) return 0;
    return purge_events(oldest_kept(), at_most);
}

}  // namespace hil::engine
