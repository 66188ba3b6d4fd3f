#include "engine/slots.hpp"

#include <algorithm>

#include "engine/presence.hpp"
#include "engine/settings.hpp"
#include "engine/skill_sets.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using pg::Timestamp;
using Uuids = std::vector<Uuid>;

#define HIL_FREE(agent) agent ".status = 'online' AND " agent ".current_load < " agent ".max_capacity"

// An agent `a` takes one more; $1 is the instant, $2 hil.assignment_order.
#define HIL_TAKE_SLOT                                                                          \
    "UPDATE hil.human_agents a SET current_load = a.current_load + 1, last_assigned_at = $1, " \
    "ranked_by = $2, rank = " HIL_RANK("$2", "a.current_load + 1", "a.max_capacity", "$1") " "

// In each of these the inner query locks one row that nobody holds, so two sessions cannot take the same
// slot, and its conditions are checked again on the version that it locked.

// Whoever is first in the order, for what every profile covers. $3: agents who declined.
const Statement<Timestamp, std::int32_t, Uuids>
    take_first{HIL_TAKE_SLOT "WHERE a.id = (SELECT f.id FROM hil.human_agents f WHERE " HIL_FREE(
        "f") " AND f.id <> ALL ($3) "
             "ORDER BY f.rank, f.last_active DESC LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING a.id, "
             "a.name"};

// The first of the order who covers the set $4, if that is one of the first 16: most sets that are asked for
// often find somebody here.
const Statement<Timestamp, std::int32_t, Uuids, std::int32_t> take_near{
    HIL_TAKE_SLOT
    "WHERE a.id = (SELECT f.id FROM (SELECT n.id FROM hil.human_agents n WHERE " HIL_FREE("n")
    " ORDER BY n.rank, n.last_active DESC LIMIT 16) n CROSS JOIN LATERAL "
    "(SELECT f.id FROM hil.human_agents f WHERE f.id = n.id AND " HIL_FREE("f") " AND f.id <> ALL ($3) "
    " AND EXISTS (SELECT 1 FROM hil.skill_covers c WHERE c.profile_id = f.profile_id "
    "             AND c.skill_set_id = $4) FOR NO KEY UPDATE SKIP LOCKED) f LIMIT 1) "
    "RETURNING a.id, a.name"};

// The same without a limit: the first free agent of each profile that covers the set, and of these the first.
// The rows of `p` are sorted before the join looks at them, and the join stops at the first that it can lock;
// where a profile's agents are all being changed, the next profile's turn comes.
const Statement<Timestamp, std::int32_t, Uuids, std::int32_t> take_far{
    HIL_TAKE_SLOT
    "WHERE a.id = (SELECT f.id FROM (SELECT c.profile_id FROM hil.skill_covers c CROSS JOIN LATERAL "
    "(SELECT h.rank, h.last_active FROM hil.human_agents h WHERE h.profile_id = c.profile_id AND " HIL_FREE(
        "h") " AND h.id <> ALL ($3) ORDER BY h.rank, h.last_active DESC LIMIT 1) h "
             " WHERE c.skill_set_id = $4 ORDER BY h.rank, h.last_active DESC) p CROSS JOIN LATERAL "
             "(SELECT f.id FROM hil.human_agents f WHERE f.profile_id = p.profile_id AND " HIL_FREE(
                 "f") " AND f.id <> ALL ($3) ORDER BY f.rank, f.last_active DESC LIMIT 1 "
                      " FOR NO KEY UPDATE SKIP LOCKED) f LIMIT 1) RETURNING a.id, a.name"};

const Statement<Timestamp, std::int32_t, Uuid, std::int32_t> take_previous{
    HIL_TAKE_SLOT "WHERE a.id = (SELECT f.id FROM hil.human_agents f WHERE f.id = $3 AND " HIL_FREE(
        "f") " AND EXISTS (SELECT 1 FROM hil.skill_covers c WHERE c.profile_id = f.profile_id "
             "AND c.skill_set_id = $4) FOR NO KEY UPDATE SKIP LOCKED) RETURNING a.id, a.name"};

// Waits for the row: the agent was named, not chosen. The conditions are checked on the version it waited
// for.
const Statement<Timestamp, std::int32_t, Uuid> take_named{
    HIL_TAKE_SLOT "WHERE a.id = $3 AND " HIL_FREE("a") " RETURNING a.id, a.name"};

// $2: microseconds; $3: a sign of life is written where the last one is older, NULL for none.
const Statement<Uuid, std::int64_t, Timestamp, std::int32_t> give_back{
    "UPDATE hil.human_agents a SET current_load = a.current_load - 1, "
    "last_active = CASE WHEN a.last_active < $3 THEN clock_timestamp() ELSE a.last_active END, "
    "ranked_by = $4, rank = " HIL_RANK("$4", "a.current_load - 1", "a.max_capacity", "a.last_assigned_at")
    " WHERE a.id = $1 RETURNING round(coalesce(a.hourly_rate_usd, 0) * $2 / 3600000000, 6)::text"};

const Statement<Uuids> lock_in_order{
    "SELECT id FROM hil.human_agents WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"};

const Statement<std::int32_t, std::int32_t> rerank{
    "UPDATE hil.human_agents a SET ranked_by = $1, rank = " HIL_RANK(
        "$1", "a.current_load", "a.max_capacity",
        "a.last_assigned_at") " WHERE a.id IN (SELECT f.id FROM hil.human_agents f WHERE f.ranked_by <> $1 "
                              "LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)"};

#undef HIL_TAKE_SLOT
#undef HIL_FREE

std::optional<Agent> agent_in(const pg::Rows& rows) {
    if (rows.empty()) return std::nullopt;
    const auto [id, name] = rows.front().as<Uuid, std::string>();
    return Agent{id, name};
}

}  // namespace

std::optional<Agent> take_slot(const Wanted& wanted) {
    const Timestamp now = pg::clock_now();
    const std::int32_t order = settings::assignment_order;
    const Uuids& declined = wanted.declined_by;
    if (wanted.previous_agent &&
        std::find(declined.begin(), declined.end(), *wanted.previous_agent) == declined.end())
        if (auto agent = agent_in(take_previous(now, order, *wanted.previous_agent, wanted.skill_set)))
            return agent;
    if (wanted.skill_set == empty_skill_set) return agent_in(take_first(now, order, declined));
    if (auto agent = agent_in(take_near(now, order, declined, wanted.skill_set))) return agent;
    return agent_in(take_far(now, order, declined, wanted.skill_set));
}

std::optional<Agent> take_slot_of(const Uuid& agent) {
    return agent_in(take_named(pg::clock_now(), settings::assignment_order, agent));
}

std::string give_slot_back(const Uuid& agent, Duration spent, bool by_agent) {
    return give_back(agent, std::max<std::int64_t>(0, spent.microseconds),
                     by_agent ? std::optional(stale_before()) : std::nullopt, settings::assignment_order)
        .front()
        .get<std::string>(0);
}

void lock_agents(const Uuid& one, const Uuid& other) { lock_in_order(Uuids{one, other}); }

std::int64_t rank_anew(std::int32_t at_most) {
    // A look reads all agents. What others rank by an order of their own is found with the next one.
    constexpr std::int64_t minute = 60'000'000;
    static int looked_for = -1;
    static Timestamp looked_at;
    const Timestamp now = pg::clock_now();
    const int order = settings::assignment_order;
    if (order == looked_for && (now - looked_at).microseconds < minute) return 0;
    const auto ranked = static_cast<std::int64_t>(rerank(order, at_most).processed);
    looked_for = ranked < at_most ? order : -1;
    looked_at = now;
    return ranked;
}

}  // namespace hil::engine
