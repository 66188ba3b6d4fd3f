// What a human agent, or the system in their place, does with a conversation that people have.
#pragma once

#include <optional>
#include <string>

#include "engine/queue.hpp"

namespace hil::engine {

// Each locks the conversation and refuses with Refusal(wrong_state) where the conversation is in another
// state than the act needs, Refusal(not_allowed) where another agent has it, Refusal(not_found) where
// conversation or agent is unknown. An agent whose slot is freed takes waiting work in the same transaction.

struct Resolution {
    std::string notes;
    std::string status;  // resolved, unresolved, escalated
};
Json resolve(const Uuid& conversation, const Uuid& agent, const Resolution& resolution);

// `agent` nothing: the system.
Json back_to_ai(const Uuid& conversation, const std::optional<std::string>& instructions,
                const std::optional<Uuid>& agent);

// Gives a locked conversation that people have to the AI (a workflow must be loaded) and saves it. A run is
// queued where there are instructions or messages of the customer that nobody answered. Returns its id. The
// agent's slot is freed, but not filled.
struct HandBack {
    std::string reason;
    std::optional<std::string> instructions = std::nullopt;
    std::optional<Uuid> agent = std::nullopt;  // nothing: the system
};
std::optional<std::int64_t> give_to_ai(Conversation& conversation, const HandBack& hand_back);

// Takes a locked conversation and its entry from its agent back into the queue, and gives it to the agent
// named in `change`, or to whoever can take it, who is returned; saves it. The slot that it frees is not
// filled.
std::optional<Agent> return_to_queue(Conversation& conversation, Entry& entry, const std::string& reason,
                                     const Requeue& change);

struct Transfer {
    std::string reason;
    std::optional<Uuid> to_agent;
    std::optional<SkillSet> skills;
    std::optional<int> priority;
};
Json transfer(const Uuid& conversation, const Uuid& agent, const Transfer& transfer);

Json decline(const Uuid& conversation, const Uuid& agent, const std::optional<std::string>& reason);

// The customer gave up waiting.
Json cancel(const Uuid& conversation, const std::optional<std::string>& reason);

// Refusal(not_allowed) where `agent` is not the one who has the conversation, which is human_active.
void require_assigned(const Conversation& conversation, const Uuid& agent);

}  // namespace hil::engine
