// Events: every change tells what happened, in hil.outbox and by NOTIFY, in the transaction that made it.
#pragma once

#include <optional>
#include <string>

#include "engine/conversations.hpp"

namespace hil::engine {

// Writes one event and notifies its channels at commit. `more` holds ids and numbers, never the text of a
// message: what is written here leaves the database without a privilege check.
//
// | type           | channels                            | more                    |
// | message        | conversation; agent where given     | message_id, sender_type |
// | run_queued     | hil_runs                            | run_id                  |
// | handover       | conversation                        | priority                |
// | no_agents      | hil_queue                           | priority                |
// | new_assignment | agent, conversation (with agent_id) |                         |
// | unassigned     | agent, conversation (with agent_id) |                         |
// | finished, resolved, back_to_ai | conversation        |                         |
//
// Every payload holds type, conversation_id and timestamp.
void emit(const char* type, const Uuid& conversation, const std::optional<Uuid>& agent = std::nullopt,
          const Json& more = Json::object());

}  // namespace hil::engine
