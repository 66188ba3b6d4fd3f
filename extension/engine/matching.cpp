#include "engine/matching.hpp"

#include <queue>
#include <tuple>

#include "engine/queue.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Statement;

// The first entry of one required set that may be taken. Sets are served in the order of their first entries.
struct Head {
    std::int32_t priority;
    std::int64_t ticket;
    std::int32_t skill_set;
    std::optional<Uuid> conversation;

    bool operator>(const Head& other) const {
        return std::tie(priority, ticket) > std::tie(other.priority, other.ticket);
    }
};
using Heads = std::priority_queue<Head, std::vector<Head>, std::greater<>>;

const Statement<Uuid> lock_agent{
    "SELECT status = 'online', max_capacity - current_load, profile_id FROM hil.human_agents WHERE id = $1 "
    "FOR NO KEY UPDATE"};

// The first entry that agent $1, of profile $2, may take of each set that the profile covers: one look into
// the index for each, and none at all where nobody waits.
const Statement<Uuid, std::int32_t> heads_for_agent{
    "SELECT h.priority, h.ticket, c.skill_set_id FROM hil.skill_covers c CROSS JOIN LATERAL "
    "(SELECT q.priority, q.ticket FROM hil.agent_queue q WHERE q.status = 'pending' "
    " AND q.skill_set_id = c.skill_set_id AND $1 <> ALL (q.declined_by) ORDER BY q.priority, q.ticket LIMIT "
    "1) h "
    "WHERE c.profile_id = $2 AND EXISTS (SELECT 1 FROM hil.agent_queue WHERE status = 'pending')"};
const Statement<Uuid, std::int32_t> head_for_agent{
    "SELECT q.priority, q.ticket, q.skill_set_id FROM hil.agent_queue q WHERE q.status = 'pending' "
    "AND q.skill_set_id = $2 AND $1 <> ALL (q.declined_by) ORDER BY q.priority, q.ticket LIMIT 1"};

// Locks what it takes: the first entry of set $2 that nobody holds, its conversation before it.
const Statement<Uuid, std::int32_t> claim_first{
    "SELECT q.conversation_id FROM hil.agent_queue q JOIN hil.conversations c ON c.id = q.conversation_id "
    "WHERE q.status = 'pending' AND q.skill_set_id = $2 AND $1 <> ALL (q.declined_by) "
    "AND c.status = 'pending_human' "
    "ORDER BY q.priority, q.ticket LIMIT 1 FOR NO KEY UPDATE OF c, q SKIP LOCKED"};

#define HIL_SOMEBODY_FREE(set, more)                                                                         \
    "EXISTS (SELECT 1 FROM hil.skill_covers c JOIN hil.human_agents a ON a.profile_id = c.profile_id WHERE " \
    "c.skill_set_id = " set " AND a.status = 'online' AND a.current_load < a.max_capacity " more             \
    " OFFSET 0)"

// The sets that wait, found by stepping from one to the next in the index, of which somebody free is able.
// OFFSET 0 keeps the planner from joining the tables as wholes.
const Statement<> assignable_sets{
    "WITH RECURSIVE waiting (skill_set) AS ("
    "(SELECT q.skill_set_id FROM hil.agent_queue q WHERE q.status = 'pending' "
    " AND EXISTS (SELECT 1 FROM hil.human_agents WHERE status = 'online' AND current_load < max_capacity) "
    " ORDER BY q.skill_set_id LIMIT 1) "
    "UNION ALL SELECT (SELECT q.skill_set_id FROM hil.agent_queue q WHERE q.status = 'pending' "
    "                  AND q.skill_set_id > w.skill_set ORDER BY q.skill_set_id LIMIT 1) "
    "FROM waiting w WHERE w.skill_set IS NOT NULL) "
    "SELECT w.skill_set FROM waiting w WHERE w.skill_set IS NOT NULL "
    "AND (w.skill_set = 0 OR " HIL_SOMEBODY_FREE("w.skill_set", "") ")"};

// The first entry of set $1 after priority $2 and ticket $3 for which somebody is free who has not declined
// it.
const Statement<std::int32_t, std::int32_t, std::int64_t> next_assignable{
    "SELECT q.conversation_id, q.priority, q.ticket FROM hil.agent_queue q WHERE q.status = 'pending' "
    "AND q.skill_set_id = $1 AND (q.priority, q.ticket) > ($2, $3) AND (q.declined_by = '{}' "
    "OR " HIL_SOMEBODY_FREE("q.skill_set_id", "AND a.id <> ALL (q.declined_by)") ") "
    "ORDER BY q.priority, q.ticket LIMIT 1"};

#undef HIL_SOMEBODY_FREE

void push(Heads& heads, const pg::Rows& rows) {
    for (const pg::Row& row : rows) {
        const auto [priority, ticket, skill_set] = row.as<std::int32_t, std::int64_t, std::int32_t>();
        heads.push({priority, ticket, skill_set, std::nullopt});
    }
}

void push_next(Heads& heads, std::int32_t skill_set, std::int32_t after_priority, std::int64_t after_ticket) {
    const pg::Rows rows = next_assignable(skill_set, after_priority, after_ticket);
    if (rows.empty()) return;
    const auto [conversation, priority, ticket] = rows.front().as<Uuid, std::int32_t, std::int64_t>();
    heads.push({priority, ticket, skill_set, conversation});
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
    std::vector<Uuid> taken;
    const auto [online, slots, profile] = lock_agent(agent).front().as<bool, std::int32_t, std::int32_t>();
    if (!online || slots <= 0) return taken;
    Heads heads;
    push(heads, heads_for_agent(agent, profile));
    for (std::int32_t free = slots; free > 0 && !heads.empty();) {
        const std::int32_t skill_set = heads.top().skill_set;
        heads.pop();
        // Nothing where others hold all of them: they take them, or leave them to the next round.
        const pg::Rows claimed = claim_first(agent, skill_set);
        if (claimed.empty()) continue;
        Conversation conversation = lock(claimed.front().get<Uuid>(0));
        if (!assign_to(conversation, lock_entry(conversation), agent)) break;
        save(conversation);
        taken.push_back(conversation.id);
        if (--free > 0) push(heads, head_for_agent(agent, skill_set));
    }
    return taken;
}

std::int64_t assign_waiting(std::int32_t at_most) {
    Heads heads;
    for (const pg::Row& row : assignable_sets()) push_next(heads, row.get<std::int32_t>(0), 0, 0);
    std::int64_t assigned = 0;
    // Entries that others hold, or that nobody free may have, are passed by; not for ever.
    for (std::int64_t looks = 10LL * at_most; looks > 0 && assigned < at_most && !heads.empty(); --looks) {
        pg::let_interrupts_through();
        const Head head = heads.top();
        heads.pop();
        const Attempt attempt = try_to_assign(*head.conversation);
        if (attempt == Attempt::assigned) ++assigned;
        if (attempt != Attempt::nobody_free) push_next(heads, head.skill_set, head.priority, head.ticket);
    }
    return assigned;
}

}  // namespace hil::engine
