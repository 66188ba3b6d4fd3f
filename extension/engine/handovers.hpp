// Handovers: how a conversation goes from the AI to people, from one person to another, and back. Each ends
// with everything saved.
#pragma once

#include <optional>
#include <string>

#include "core/workflow.hpp"
#include "engine/queue.hpp"

namespace hil::engine {

struct Handover {
    std::string reason;
    std::optional<SkillSet> skills = std::nullopt;  // nothing = the general skill
    std::optional<int> priority = std::nullopt;     // nothing = by the routing rules
    pg::JsonText context = {"{}"};
    const char* notice =
        nullptr;  // key of hil_config.messages: what the customer is told as a system message
};

// Hands a locked conversation of the AI over to people: cancels its live run, queues it by the rules of
// `config`, assigns it where an able agent is free, and saves it. Refusal(wrong_state) where people have it
// already. Returns the agent who got it at once.
std::optional<Agent> hand_over(Conversation& conversation, const Handover& handover, const HilConfig& config);

// What a caller is told of a handover: {status: handover, queue_position, …} or {status: human_active,
// agent_id, agent_name, …}, with reason, message and handled_by.
Json handover_answer(const Conversation& conversation, const std::optional<Agent>& agent,
                     const HilConfig& config);

// hil_handover.
Json hand_over_on_request(const Uuid& conversation, const Handover& handover);

}  // namespace hil::engine
