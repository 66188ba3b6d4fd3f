// Closings and what is known of a closed conversation.
#pragma once

#include <optional>
#include <string>

#include "engine/conversations.hpp"

namespace hil::engine {

struct Closing {
    std::string resolution_status;                    // resolved, unresolved, escalated
    std::optional<Uuid> agent = std::nullopt;         // who resolved it
    std::optional<std::string> notes = std::nullopt;  // replace the earlier ones
};

// Ends an episode of a locked conversation, already moved to finished or resolved: everything said so far
// counts as answered, the conversation is saved, and its analytics row written or updated.
void close(Conversation& conversation, const Closing& closing);

// hil_rate.
void rate(const Uuid& conversation, double satisfaction);

}  // namespace hil::engine
