// Agents' slots: who has a free one, who is next by hil.assignment_order, taking and giving back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/statement.hpp"

namespace hil::engine {

using pg::Duration;
using pg::Uuid;

struct Agent {
    Uuid id;
    std::string name;
};

// For whom a slot is wanted.
struct Wanted {
    std::int32_t skill_set;
    std::optional<Uuid> previous_agent;  // comes first
    std::vector<Uuid> declined_by;       // are left out
};

// Takes a slot of the first able agent who is online with a free one: the previous agent, else by the order
// of assignment. Agents whom others are changing are passed by. The cost does not grow with the number of
// agents.
std::optional<Agent> take_slot(const Wanted& wanted);

// Whether anybody has a free slot, and for which of some required sets somebody able has one.
bool somebody_is_free();
std::vector<std::int32_t> those_with_somebody_free(const std::vector<std::int32_t>& skill_sets);

// Takes a slot of one agent, waiting for whoever is changing them; nothing where the agent is not online or
// has none.
std::optional<Agent> take_slot_of(const Uuid& agent);

// Gives a slot back after it was used for `spent`, and returns what that cost, as numeric in its text form.
// `by_agent`: the agent did it, which is a sign of life.
std::string give_slot_back(const Uuid& agent, Duration spent, bool by_agent);

// Locks two agents in the one order that keeps opposite transfers from waiting for each other.
void lock_agents(const Uuid& one, const Uuid& other);

// Ranks agents who were ranked by another hil.assignment_order anew, at most `at_most`; returns how many.
std::int64_t rank_anew(std::int32_t at_most);

// SQL of an agent's rank: by `order` (0, 1 or 2, as AssignmentOrder), from the load, the capacity and when
// they got a conversation last.
#define HIL_RANK(order, load, capacity, last_assigned_at)                          \
    "CASE " order " WHEN 0 THEN (" load ")::double precision WHEN 1 THEN (" load   \
    ")::double precision / "                                                       \
    "greatest(" capacity ", 1) ELSE coalesce(extract(epoch FROM " last_assigned_at \
    ")::double precision, 0) "                                                     \
    "END"

}  // namespace hil::engine
