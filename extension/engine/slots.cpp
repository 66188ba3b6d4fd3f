#include "engine/slots.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "engine/presence.hpp"
#include "engine/settings.hpp"
#include "engine/skill_sets.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Lookup;
using pg::Statement;
using pg::Timestamp;
using pg::Update;
using Uuids = std::vector<Uuid>;

#define HIL_WHERE_FREE "status = 'online' AND current_load < max_capacity"
#define HIL_ORDER "rank, last_active DESC"

// Agents with a free slot, whoever comes first in front.
const Lookup<> next_free{"human_agents",
                         {.index = "human_agents_free", .where = HIL_WHERE_FREE, .order = HIL_ORDER},
                         "id, profile_id"};
const Lookup<std::int32_t> next_free_of{"human_agents",
                                        {.index = "human_agents_free_by_profile",
                                         .keys = "profile_id",
                                         .where = HIL_WHERE_FREE,
                                         .order = HIL_ORDER},
                                        "id, profile_id, name, status, current_load, max_capacity, rank, "
                                        "last_active"};

const Lookup<std::int32_t, std::int32_t> cover{
    "skill_covers", {.index = "skill_covers_pkey", .keys = "profile_id, skill_set_id"}, "profile_id"};
const Lookup<std::int32_t> profiles_covering{
    "skill_covers", {.index = "skill_covers_by_set", .keys = "skill_set_id"}, "profile_id"};

const Lookup<Uuid> by_id{"human_agents",
                         {.index = "human_agents_pkey", .keys = "id"},
                         "id, profile_id, name, status, current_load, max_capacity"};
const Update<Uuid, std::int32_t, Timestamp, double, std::int32_t> write_taken{
    "human_agents",
    {.index = "human_agents_pkey", .keys = "id"},
    "current_load, last_assigned_at, rank, ranked_by"};

const Lookup<std::int32_t> sets_covered{
    "skill_covers", {.index = "skill_covers_pkey", .keys = "profile_id"}, "skill_set_id"};
// The profiles of which somebody is free, found by stepping from one to the next in the index.
const Statement<> free_profiles{
    "WITH RECURSIVE free (profile) AS ("
    "(SELECT a.profile_id FROM hil.human_agents a WHERE a.status = 'online' AND a.current_load < "
    "a.max_capacity "
    " ORDER BY a.profile_id LIMIT 1) "
    "UNION ALL SELECT (SELECT a.profile_id FROM hil.human_agents a WHERE a.status = 'online' "
    "                  AND a.current_load < a.max_capacity AND a.profile_id > f.profile "
    "                  ORDER BY a.profile_id LIMIT 1) FROM free f WHERE f.profile IS NOT NULL) "
    "SELECT f.profile FROM free f WHERE f.profile IS NOT NULL"};

// The profiles that cover set $1, in the order of their first free agents. $2: who declined.
const Statement<std::int32_t, Uuids> ordered_by_heads{
    "SELECT c.profile_id FROM hil.skill_covers c CROSS JOIN LATERAL "
    "(SELECT a.rank, a.last_active FROM hil.human_agents a WHERE a.profile_id = c.profile_id "
    " AND a.status = 'online' AND a.current_load < a.max_capacity AND a.id <> ALL ($2) "
    " ORDER BY a.rank, a.last_active DESC LIMIT 1) h "
    "WHERE c.skill_set_id = $1 ORDER BY h.rank, h.last_active DESC"};

// $2: microseconds; $3: a sign of life is written where the last one is older, NULL for none.
const Statement<Uuid, std::int64_t, Timestamp, std::int32_t> give_back{
    "UPDATE hil.human_agents a SET current_load = a.current_load - 1, "
    "last_active = CASE WHEN a.last_active < $3 THEN clock_timestamp() ELSE a.last_active END, "
    "ranked_by = $4, rank = " HIL_RANK("$4", "a.current_load - 1", "a.max_capacity", "a.last_assigned_at")
    " WHERE a.id = $1 RETURNING round(coalesce(a.hourly_rate_usd, 0) * $2 / 3600000000, 6)::text"};

const Statement<Uuids> lock_in_order{
    "SELECT id FROM hil.human_agents WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"};

const Statement<std::int32_t, std::int32_t> select_ranked_otherwise{
    "SELECT id FROM hil.human_agents WHERE ranked_by <> $1 LIMIT $2"};
const Lookup<Uuid> rank_inputs{"human_agents",
                               {.index = "human_agents_pkey", .keys = "id"},
                               "current_load, max_capacity, last_assigned_at"};
const Update<Uuid, double, std::int32_t> write_rank{
    "human_agents", {.index = "human_agents_pkey", .keys = "id"}, "rank, ranked_by"};

#undef HIL_WHERE_FREE
#undef HIL_ORDER

// HIL_RANK in C++.
double rank_of(std::int32_t order, std::int32_t load, std::int32_t capacity,
               const std::optional<Timestamp>& last_assigned_at) {
    constexpr std::int64_t epoch = 946'684'800'000'000;  // Postgres's, in microseconds since that of Unix
    switch (order) {
        case settings::least_loaded:
            return load;
        case settings::least_utilized:
            return static_cast<double>(load) / std::max(capacity, 1);
        default:
            return last_assigned_at ? static_cast<double>(last_assigned_at->microseconds + epoch) / 1e6 : 0;
    }
}

bool covers(std::int32_t profile, std::int32_t skill_set) {
    return skill_set == empty_skill_set || cover.find(profile, skill_set);
}

// All rows, however many there are.
pg::Rows all(const Lookup<std::int32_t>& lookup, std::int32_t key) {
    std::size_t window = 256;
    pg::Rows rows = lookup.first(window, key);
    while (rows.rows.size() == window) rows = lookup.first(window *= 8, key);
    return rows;
}

bool somebody_is_free_for(std::int32_t skill_set) {
    if (skill_set == empty_skill_set) return next_free.find().has_value();
    const pg::Rows profiles = all(profiles_covering, skill_set);
    return std::any_of(profiles.begin(), profiles.end(), [](const pg::Row& row) {
        return next_free_of.find(row.get<std::int32_t>(0)).has_value();
    });
}

bool declined(const Wanted& wanted, const Uuid& agent) {
    const Uuids& by = wanted.declined_by;
    return std::find(by.begin(), by.end(), agent) != by.end();
}

// An agent as a list shows them: what is read before the row is locked.
struct Candidate {
    Uuid id;
    std::int32_t profile;
};

// Takes a slot of an agent whose row, as `by_id` reads it, this transaction has locked; nothing where there
// is none to take.
std::optional<Agent> take_locked(const std::optional<pg::Row>& row) {
    if (!row || row->get<std::string>(3) != "online") return std::nullopt;
    const auto load = row->get<std::int32_t>(4), capacity = row->get<std::int32_t>(5);
    if (load >= capacity) return std::nullopt;
    const auto id = row->get<Uuid>(0);
    const Timestamp now = pg::clock_now();
    const std::int32_t order = settings::assignment_order;
    write_taken(id, load + 1, now, rank_of(order, load + 1, capacity, now), order);
    return Agent{id, row->get<std::string>(2)};
}

// Whoever is changing the agent is not waited for, and what they changed is looked at again.
std::optional<Agent> try_to_take(const Candidate& candidate, const Wanted& wanted) {
    if (declined(wanted, candidate.id) || !covers(candidate.profile, wanted.skill_set)) return std::nullopt;
    const std::optional<pg::Row> row = by_id.try_lock(candidate.id);
    if (!row) return std::nullopt;
    const auto profile = row->get<std::int32_t>(1);
    if (profile != candidate.profile && !covers(profile, wanted.skill_set)) return std::nullopt;
    return take_locked(row);
}

// Looks before it locks, since a lock is kept.
std::optional<Agent> try_previous(const Uuid& agent, const Wanted& wanted) {
    const std::optional<pg::Row> row = by_id.find(agent);
    if (!row || row->get<std::string>(3) != "online") return std::nullopt;
    if (row->get<std::int32_t>(4) >= row->get<std::int32_t>(5)) return std::nullopt;
    return try_to_take({agent, row->get<std::int32_t>(1)}, wanted);
}

// The first of a list that can be taken, of `most` at most: `list(n)` returns its first n rows, agent and
// profile in front.
template <class List>
std::optional<Agent> take_first(List list, const Wanted& wanted, std::size_t most = SIZE_MAX) {
    std::size_t looked_at = 0;
    for (std::size_t window = 1; looked_at < most; window = std::min(window * 4, most)) {
        const pg::Rows rows = list(window);
        for (; looked_at < rows.rows.size(); ++looked_at) {
            const pg::Row& row = rows.rows[looked_at];
            if (auto agent = try_to_take({row.get<Uuid>(0), row.get<std::int32_t>(1)}, wanted)) return agent;
        }
        if (rows.rows.size() < window) break;
    }
    return std::nullopt;
}

// The first free agent of one profile.
struct Head {
    double rank;
    std::int64_t last_active;
    std::int32_t profile;
};

std::optional<Head> head_of(std::int32_t profile, const Wanted& wanted) {
    // One more than those who are left out.
    for (const pg::Row& row : next_free_of.first_unheld(wanted.declined_by.size() + 1, profile))
        if (!declined(wanted, row.get<Uuid>(0)))
            return Head{row.get<double>(6), row.get<Timestamp>(7).microseconds, profile};
    return std::nullopt;
}

using Profiles = std::vector<std::int32_t>;

Profiles profiles_of(const pg::Rows& rows) {
    Profiles profiles;
    for (const pg::Row& row : rows) profiles.push_back(row.get<std::int32_t>(0));
    return profiles;
}

// In the order of their first free agents, without those who have none.
Profiles in_order_of_heads(const Profiles& profiles, const Wanted& wanted) {
    if (profiles.size() < 2) return profiles;
    std::vector<Head> heads;
    for (const std::int32_t profile : profiles)
        if (const auto head = head_of(profile, wanted)) heads.push_back(*head);
    std::sort(heads.begin(), heads.end(), [](const Head& one, const Head& other) {
        return std::tie(one.rank, other.last_active) < std::tie(other.rank, one.last_active);
    });
    Profiles ordered;
    for (const Head& head : heads) ordered.push_back(head.profile);
    return ordered;
}

// The first of one profile who can be taken. What others hold is passed over.
std::optional<Agent> take_of(std::int32_t profile, const Wanted& wanted) {
    if (wanted.declined_by.empty()) return take_locked(next_free_of.try_lock(profile));
    return take_first([&](std::size_t count) { return next_free_of.first_unheld(count, profile); }, wanted);
}

std::optional<Agent> take_by_profile(const Profiles& in_order, const Wanted& wanted) {
    for (const std::int32_t profile : in_order)
        if (auto agent = take_of(profile, wanted)) return agent;
    return std::nullopt;
}

}  // namespace

std::optional<Agent> take_slot(const Wanted& wanted) {
    if (wanted.previous_agent)
        if (auto agent = try_previous(*wanted.previous_agent, wanted)) return agent;
    const auto in_order = [](std::size_t count) { return next_free.first_unheld(count); };
    // Everybody covers the empty set.
    if (wanted.skill_set == empty_skill_set) return take_first(in_order, wanted);
    constexpr std::size_t few = 8, many = 64;
    const Profiles profiles = profiles_of(profiles_covering.first(many + 1, wanted.skill_set));
    // Of a skill that many have in different company, somebody is near the front.
    if (profiles.size() > few)
        if (auto agent = take_first(in_order, wanted, 16)) return agent;
    // Where there are more than can be looked at one by one, one statement compares them.
    if (profiles.size() > many) {
        const pg::PlansByIndex by_index;
        return take_by_profile(profiles_of(ordered_by_heads(wanted.skill_set, wanted.declined_by)), wanted);
    }
    return take_by_profile(in_order_of_heads(profiles, wanted), wanted);
}

bool somebody_is_free() { return next_free.find().has_value(); }

std::vector<std::int32_t> those_with_somebody_free(const std::vector<std::int32_t>& skill_sets) {
    std::vector<std::int32_t> found;
    // Few sets are looked up one by one. Where many wait, most agents are busy: those who are not, then.
    constexpr std::size_t few = 8;
    if (skill_sets.size() <= few) {
        std::copy_if(skill_sets.begin(), skill_sets.end(), std::back_inserter(found), somebody_is_free_for);
        return found;
    }
    std::set<std::int32_t> covered;
    for (const pg::Row& profile : free_profiles())
        for (const pg::Row& row : all(sets_covered, profile.get<std::int32_t>(0)))
            covered.insert(row.get<std::int32_t>(0));
    std::copy_if(skill_sets.begin(), skill_sets.end(), std::back_inserter(found),
                 [&](std::int32_t skill_set) { return covered.contains(skill_set); });
    return found;
}

std::optional<Agent> take_slot_of(const Uuid& agent) { return take_locked(by_id.lock(agent)); }

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
    std::int64_t ranked = 0;
    for (const pg::Row& listed : select_ranked_otherwise(order, at_most)) {
        const auto agent = listed.get<Uuid>(0);
        const std::optional<pg::Row> row = rank_inputs.try_lock(agent);
        if (!row) continue;
        const auto [load, capacity, last_assigned_at] =
            row->as<std::int32_t, std::int32_t, std::optional<Timestamp>>();
        write_rank(agent, rank_of(order, load, capacity, last_assigned_at), order);
        ++ranked;
    }
    looked_for = ranked < at_most ? order : -1;
    looked_at = now;
    return ranked;
}

}  // namespace hil::engine
