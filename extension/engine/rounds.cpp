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
#include "engine/set_aside.hpp"
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
     .schedulers_own = true,
     .never_rests = true},
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

// Without the conversations with which it fails; nothing where it fails otherwise, or with too many of them.
std::optional<std::int64_t> try_to_perform(const Duty& duty) {
    constexpr std::size_t most_aside = 10;
    std::set<pg::Uuid> aside;
    for (;;) {
        std::int64_t count = 0;
        const std::optional<pg::Failure> failure = pg::subtransaction([&] { count = perform(duty, aside); });
        if (!failure) return count;
        const std::optional<pg::Uuid> conversation = at_hand();
        pg::warn(std::string("hil_tick: duty \"") + duty.name + "\" failed" +
                     (conversation ? " with conversation " + conversation->text() : ""),
                 *failure);
        if (!conversation || aside.size() == most_aside) return std::nullopt;
        aside.insert(*conversation);
    }
}

}  // namespace

std::span<const Duty> duties() { return all_duties; }

std::int64_t perform(const Duty& duty, const std::set<pg::Uuid>& aside) {
    const SettingAside setting_aside(aside);
    // Those that are set aside may come first, and do not count.
    const std::int64_t done = duty.run(duty.at_most + static_cast<std::int32_t>(aside.size()));
    put_down();
    return done;
}

Json tick() {
    Json done = Json::object();
    bool any = false;
    for (const Duty& duty : duties()) {
        if (duty.schedulers_own && scheduler_runs_here()) {
            if (any) wake_at_commit();
            continue;
        }
        if (const std::optional<std::int64_t> count = try_to_perform(duty)) {
            done[duty.name] = *count;
            any = any || *count > 0;
        }
    }
    return done;
}

}  // namespace hil::engine
