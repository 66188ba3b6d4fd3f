#include "engine/rounds.hpp"

#include "engine/leases.hpp"
#include "engine/queue.hpp"

namespace hil::engine {
namespace {

// Bounds one transaction, and so how long its locks are held; the next round goes on.
constexpr std::int32_t at_most = 200;

}  // namespace

Json tick() {
    intern_general_skill();
    Json done = Json::object();
    done["leases_expired"] = expire_leases(at_most);
    done["ai_timeouts"] = time_out_runs(at_most);
    done["assigned"] = assign_waiting(at_most);
    return done;
}

}  // namespace hil::engine
