// Messages: what was said in a conversation. Every function needs the conversation's lock.
#pragma once

#include <optional>
#include <string>

#include "engine/conversations.hpp"

namespace hil::engine {

struct NewMessage {
    const char* sender_type;  // user, ai, agent, system
    std::string content;
    std::optional<Uuid> agent = std::nullopt;
    std::optional<std::int64_t> run = std::nullopt;
    pg::JsonText metadata = {"{}"};
    std::optional<std::string> idempotency_key = std::nullopt;
};

// Stores the message, tells the conversation's subscribers, and for a customer's message the agent who has
// the conversation. Returns its id.
std::int64_t add_message(const Conversation& conversation, const NewMessage& message);

// What hil_handle_message answered to the message with this key, or nothing.
std::optional<Json> answer_given(const Uuid& conversation, const std::string& idempotency_key);
void keep_answer(const Uuid& conversation, std::int64_t message, const Json& answer);

// Whether the customer wrote something with an id above `message`.
bool customer_wrote_after(const Uuid& conversation, std::int64_t message);

// How many messages there are: of all but the system, of the AI, of human agents; and the id of the newest of
// all, 0 where there is none.
struct MessageCounts {
    std::int64_t newest = 0;
    std::int32_t total = 0, ai = 0, human = 0;
};
MessageCounts count_messages(const Uuid& conversation);

}  // namespace hil::engine
