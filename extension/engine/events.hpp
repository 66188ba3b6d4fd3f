// Events: every change tells what happened, in hil.outbox, in the transaction that made it. relay.hpp says
// how it gets from there to whoever listens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/conversations.hpp"

namespace hil::engine {

// Writes one event. `more` holds ids and numbers, never the text of a message: what is written here leaves
// the database without a privilege check. Whoever emits has locked the row that changes before, and so has a
// transaction id before the event has its id; the relay relies on it.
//
// | type           | channels                            | more                    |
// | message        | conversation; agent where given     | message_id, sender_type |
// | run_queued     | hil_runs                            | run_id                  |
// | handover       | conversation                        | priority                |
// | no_agents      | hil_queue                           | priority                |
// | new_assignment | agent, conversation (with agent_id) |                         |
// | unassigned     | agent, conversation (with agent_id) |                         |
// | agent_offline  | agent, hil_queue                    | agent_id, silent_since, conversations |
// | finished, resolved, back_to_ai | conversation        |                         |
//
// Every payload holds type and timestamp, and conversation_id where there is one.
void emit(const char* type, const std::optional<Uuid>& conversation,
          const std::optional<Uuid>& agent = std::nullopt, const Json& more = Json::object());

// Sends the NOTIFYs of one event: to the channels above, at commit. `payload` is a JSON object.
void announce(std::string_view type, const std::optional<Uuid>& conversation,
              const std::optional<Uuid>& agent, const std::string& payload);

// The text of a JSON object with one more member, such as `"seq": 7`, in front. The relay does this for every
// event and its listeners; taking the object apart would cost more than all the rest.
std::string with_member(const std::string& object, const std::string& member);

}  // namespace hil::engine
