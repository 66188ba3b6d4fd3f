#include "engine/presence.hpp"

#include "engine/events.hpp"
#include "engine/queue.hpp"
#include "engine/settings.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

constexpr std::int64_t second = 1'000'000;

const Statement<Uuid, Timestamp> is_stale{"SELECT last_active < $2 FROM hil.human_agents WHERE id = $1"};
const Statement<Uuid> write_sign_of_life{
    "UPDATE hil.human_agents SET last_active = clock_timestamp() WHERE id = $1"};

Timestamp ago(std::int64_t seconds) { return {pg::clock_now().microseconds - seconds * second}; }

}  // namespace

Timestamp stale_before() {
    const int timeout = settings::agent_timeout_seconds;
    return ago(timeout > 0 ? timeout / 4 : 60);
}

bool note_sign_of_life(const Uuid& agent) {
    const pg::Rows rows = is_stale(agent, stale_before());
    if (rows.empty()) return false;
    if (rows.front().get<bool>(0)) write_sign_of_life(agent);
    return true;
}

}  // namespace hil::engine
