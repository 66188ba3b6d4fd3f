#include "engine/matching.hpp"

#include <algorithm>
#include <queue>
#include <tuple>

#include "engine/queue.hpp"
#include "engine/set_aside.hpp"
#include "pg/session.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Lookup;
using pg::Statement;

// The first entry of one required set that may be taken. Sets are served in the order of their first entries.
struct Head {
    std::int32_t priority;
    std::int64_t ticket;
    std::int32_t skill_set;
    Uuid conversation;

    bool operator>(const Head& other) const {
        return std::tie(priority, ticket) > std::tie(other.priority, other.ticket);
    }
};
using Heads = std::priority_queue<Head, std::vector<Head>, std::greater<>>;

const Lookup<Uuid> agent_row{"human_agents",
                             {.index = "human_agents_pkey", .keys = "id"},
                             "status, current_load, max_capacity, profile_id"};
const Lookup<std::int32_t> sets_covered{
    "skill_covers", {.index = "skill_covers_pkey", .keys = "profile_id"}, "skill_set_id"};

const Lookup<> waiting{
    "agent_queue",
    {.index = "agent_queue_waiting", .where = "status = 'pending'", .order = "priority, ticket"},
    "ticket"};
const Lookup<std::int32_t> waiting_of_set{"agent_queue",
                                          {.index = "agent_queue_waiting_by_set",
                                           .keys = "skill_set_id",
                                           .where = "status = 'pending'",
                                           .order = "priority, ticket"},
                                          "priority, ticket, conversation_id, declined_by"};

// The sets that wait, found by stepping from one to the next in the index.
const Statement<> waiting_sets{
    "WITH RECURSIVE waiting (skill_set) AS ("
    "(SELECT q.skill_set_id FROM hil.agent_queue q WHERE q.status = 'pending' ORDER BY q.skill_set_id LIMIT "
    "1) "
    "UNION ALL SELECT (SELECT q.skill_set_id FROM hil.agent_queue q WHERE q.status = 'pending' "
    "                  AND q.skill_set_id > w.skill_set ORDER BY q.skill_set_id LIMIT 1) "
    "FROM waiting w WHERE w.skill_set IS NOT NULL) "
    "SELECT w.skill_set FROM waiting w WHERE w.skill_set IS NOT NULL"};

// The first entry of set $1 after priority $2 and ticket $3 for which somebody is free who has not declined
// it. OFFSET 0 keeps the planner from joining the tables as wholes.
const Statement<std::int32_t, std::int32_t, std::int64_t> next_assignable{
    "SELECT q.conversation_id, q.priority, q.ticket FROM hil.agent_queue q WHERE q.status = 'pending' "
    "AND q.skill_set_id = $1 AND (q.priority, q.ticket) > ($2, $3) AND (q.declined_by = '{}' OR EXISTS "
    "(SELECT 1 FROM hil.skill_covers c JOIN hil.human_agents a ON a.profile_id = c.profile_id WHERE "
    " c.skill_set_id = q.skill_set_id AND a.status = 'online' AND a.current_load < a.max_capacity "
    " AND a.id <> ALL (q.declined_by) OFFSET 0)) "
    "ORDER BY q.priority, q.ticket LIMIT 1"};

bool contains(const std::vector<Uuid>& agents, const Uuid& agent) {
    return std::find(agents.begin(), agents.end(), agent) != agents.end();
}

// Calls `act` with the waiting entries of a set, in order, that `agent` has not declined, until it returns
// true.
template <class Act>
void for_each_waiting(std::int32_t skill_set, const Uuid& agent, Act act) {
    std::size_t looked_at = 0;
    for (std::size_t window = 1;; window *= 8) {
        const pg::Rows rows = waiting_of_set.first(window, skill_set);
        for (; looked_at < rows.rows.size(); ++looked_at) {
            const auto [priority, ticket, conversation, declined] =
                rows.rows[looked_at].as<std::int32_t, std::int64_t, Uuid, std::vector<Uuid>>();
            if (contains(declined, agent)) continue;
            if (act(Head{priority, ticket, skill_set, conversation})) return;
        }
        if (rows.rows.size() < window) return;
        pg::let_interrupts_through();
    }
}

void push_first(Heads& heads, std::int32_t skill_set, const Uuid& agent) {
    for_each_waiting(skill_set, agent, [&](const Head& head) {
        heads.push(head);
        return true;
    });
}

// The first entry that the agent may take of each set that the profile covers: one look into the index for
// each, and none at all where nobody waits.
Heads heads_for(const Uuid& agent, std::int32_t profile) {
    Heads heads;
    if (!waiting.find()) return heads;
    std::size_t window = 256;
    pg::Rows sets = sets_covered.first(window, profile);
    while (sets.rows.size() == window) sets = sets_covered.first(window *= 8, profile);
    for (const pg::Row& row : sets) push_first(heads, row.get<std::int32_t>(0), agent);
    return heads;
}

void push_next(Heads& heads, std::int32_t skill_set, std::int32_t after_priority, std::int64_t after_ticket) {
    const pg::Rows rows = next_assignable(skill_set, after_priority, after_ticket);
    if (rows.empty()) return;
    const auto [conversation, priority, ticket] = rows.front().as<Uuid, std::int32_t, std::int64_t>();
    heads.push({priority, ticket, skill_set, conversation});
}

// Gives the agent the first entry of a set that nobody holds, and saves it.
std::optional<Uuid> take_first(std::int32_t skill_set, const Uuid& agent) {
    std::optional<Uuid> taken;
    for_each_waiting(skill_set, agent, [&](const Head& head) {
        std::optional<Conversation> conversation = try_lock(head.conversation);
        if (!conversation || conversation->state != State::pending_human) return false;
        // What was read before it was locked may have changed.
        const Entry entry = lock_entry(*conversation);
        if (entry.skill_set != skill_set || contains(entry.declined_by, agent)) return false;
        if (!assign_to(*conversation, entry, agent)) return true;
        save(*conversation);
        taken = conversation->id;
        return true;
    });
    return taken;
}

enum class Attempt { assigned, nobody_free, passed_by };

Attempt try_to_assign(const Uuid& id) {
    std::optional<Conversation> conversation = try_lock(id);
    if (!conversation || conversation->state != State::pending_human) return Attempt::passed_by;
    const Entry entry = lock_entry(*conversation);
    if (!assign(*conversation, entry))
        return entry.declined_by.empty() ? Attempt::nobody_free : Attempt::passed_by;
    save(*conversation);
    return Attempt::assigned;
}

}  // namespace

std::vector<Uuid> fill_agent(const Uuid& agent) {
    const auto [status, load, capacity, profile] =
        agent_row.lock(agent).value().as<std::string, std::int32_t, std::int32_t, std::int32_t>();
    std::vector<Uuid> taken;
    if (status != "online" || load >= capacity) return taken;
    Heads heads = heads_for(agent, profile);
    for (std::int32_t free = capacity - load; free > 0 && !heads.empty();) {
        const std::int32_t skill_set = heads.top().skill_set;
        heads.pop();
        // Nothing where others hold all of them: they take them, or leave them to the next round.
        const std::optional<Uuid> conversation = take_first(skill_set, agent);
        if (!conversation) continue;
        taken.push_back(*conversation);
        if (--free > 0) push_first(heads, skill_set, agent);
    }
    return taken;
}

std::int64_t assign_waiting(std::int32_t at_most) {
    if (!somebody_is_free() || !waiting.find()) return 0;
    const pg::PlansByIndex by_index;
    std::vector<std::int32_t> sets;
    for (const pg::Row& row : waiting_sets()) sets.push_back(row.get<std::int32_t>(0));
    Heads heads;
    for (const std::int32_t skill_set : those_with_somebody_free(sets)) push_next(heads, skill_set, 0, 0);
    std::int64_t assigned = 0;
    // Entries that others hold, or that nobody free may have, are passed by; not for ever.
    for (std::int64_t looks = 10LL * at_most; looks > 0 && assigned < at_most && !heads.empty(); --looks) {
        pg::let_interrupts_through();
        const Head head = heads.top();
        heads.pop();
        const Attempt attempt =
            take_up(head.conversation) ? try_to_assign(head.conversation) : Attempt::passed_by;
        if (attempt == Attempt::assigned) ++assigned;
        if (attempt != Attempt::nobody_free) push_next(heads, head.skill_set, head.priority, head.ticket);
    }
    return assigned;
}

}  // namespace hil::engine
