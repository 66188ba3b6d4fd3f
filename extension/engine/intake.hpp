// Intake: what happens to a message that comes in.
#pragma once

#include <optional>
#include <string>

#include "engine/conversations.hpp"

namespace hil::engine {

struct Incoming {
    Uuid conversation;
    std::string text;
    std::optional<Uuid> agent;  // nothing: from the customer
    std::optional<std::string> idempotency_key;
    pg::JsonText metadata = {"{}"};
};

// hil_handle_message: stores the message and does what its sender and the conversation's state ask for.
Json handle_message(const Incoming& incoming);

}  // namespace hil::engine
