#include "engine/rounds.hpp"

#include <optional>
#include <string>

#include "engine/escalation.hpp"
#include "engine/leases.hpp"
#include "engine/lost_agents.hpp"
#include "engine/matching.hpp"
#include "engine/positions.hpp"
#include "engine/presence.hpp"
#include "engine/relay.hpp"
#include "engine/retention.hpp"
#include "engine/slots.hpp"
#include "engine/wake.hpp"
#include "engine/waking_workers.hpp"
#include "pg/subtransaction.hpp"

namespace hil::engine {
namespace {

const Duty all_duties[] = {
    // Comes first, since a customer waits for it.
    {.name = "workers_woken",
     .run = wake_workers,
     .when = When::always,
     .durable = false,
     .schedulers_own = true},
    // Comes before what follows: it interns skill sets, which must happen before the transaction of hil_tick
    // locks an agent.
    {"escalated", escalate},
    {"leases_expired", expire_leases},
    {"ai_timeouts", time_out_runs},
    {"agents_timed_out", time_out_agents},
    {"requeued", requeue_lost},
    {"ranked", rank_anew, When::by_clock, 1000},
    {"conversations_purged", purge_old_conversations},
    {"events_purged", purge_old_events, When::by_clock, 1000},
    {"assigned", assign_waiting, When::always},
    {"counts_folded", fold, When::always, 10'000, false},
    // Last, so that what the others did is told in the same round.
    {"relayed", relay, When::always, 10'000},
    {.name = "announced",
     .run = announce_relayed,
     .when = When::always,
     .at_most = 1000,
     .durable = false,
     .schedulers_own = true},
};

}  // namespace

std::span<const Duty> duties() { return all_duties; }

Json tick() {
    Json done = Json::object();
    bool any = false;
    for (const Duty& duty : duties()) {
        if (duty.schedulers_own && scheduler_runs_here()) {
            if (any) wake_at_commit();
            continue;
        }
        std::int64_t count = 0;
        const std::optional<pg::Failure> failure =
            pg::subtransaction([&] { count = duty.run(duty.at_most); });
        if (failure)
            pg::warn(std::string("hil_tick: duty \"") + duty.name + "\" failed", *failure);
        else
            done[duty.name] = count;
        any = any || count > 0;
    }
    return done;
}

}  // namespace hil::engine
