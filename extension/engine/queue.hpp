// The queue: who waits for a human agent, and who gets whom.
//
// Locks are taken in the order conversation, skill set, queue entry, agent. Where a choice is made, rows that
// others hold are skipped, so choosing never waits; a pair that two transactions miss in this way is found by
// assign_waiting (matching.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/routing.hpp"
#include "engine/conversations.hpp"
#include "engine/slots.hpp"

namespace hil::engine {

// An entry that waits or is with an agent; its conversation is locked, and so is its row.
struct Entry {
    std::int64_t ticket = 0;
    std::int32_t priority = 0;
    SkillSet skills;
    std::int32_t skill_set = 0;  // their number, see skill_sets.hpp
    std::optional<Uuid> previous_agent;
    std::vector<Uuid> declined_by;
};

// Puts the conversation, now pending_human, into the queue. An able agent with a free slot, the previous one
// first, gets it at once: then the conversation moves to human_active and the agent is returned. The caller
// saves the conversation.
std::optional<Agent> enqueue(Conversation& conversation, const Route& route);

// The conversation's active entry, locked. std::logic_error where there is none: states and entries go
// together.
Entry lock_entry(const Conversation& conversation);

// How an entry goes from its agent back into the queue.
struct Requeue {
    // The agent gives it up, and is not offered it again; else the agent was lost, and comes first once back.
    bool given_up = true;
    std::optional<Route> route = std::nullopt;            // other skills, with what the rules say of them
    std::optional<std::int32_t> priority = std::nullopt;  // nothing = as before
    // Is to get it: locked together with the present agent, in one order.
    std::optional<Uuid> next_agent = std::nullopt;
};

// Takes the conversation, human_active, from its agent back into the queue (pending_human) with its ticket.
// It goes on waiting where it stopped: the time with the agent counts neither for its deadline nor for its
// escalation, and steps taken stay taken; another route brings its own, from now on.
// The agent's slot is freed, but not filled. The caller saves the conversation.
void requeue(Conversation& conversation, Entry& entry, const Requeue& change);

// Gives a waiting entry to an able agent with a free slot, or to `agent` if it has a free slot. Moves the
// conversation to human_active; the caller saves it.
std::optional<Agent> assign(Conversation& conversation, const Entry& entry);
std::optional<Agent> assign_to(Conversation& conversation, const Entry& entry, const Uuid& agent);

// Ends the conversation's active entry: completed where an agent has it, whose slot is freed but not filled;
// cancelled where it waits. `by_agent`: the agent who has it does this, which is a sign of life.
void leave_queue(Conversation& conversation, bool by_agent);

// The rows of hil_explain_assignment. Refusal(wrong_state) where the conversation does not wait.
pg::Rows explain_assignment(const Uuid& conversation);

}  // namespace hil::engine
