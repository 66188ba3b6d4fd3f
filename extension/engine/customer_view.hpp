// What a customer may see of their conversation: what was said to them and where they stand, and nothing that
// people and the AI say to each other about them.
#pragma once

#include "engine/conversations.hpp"

namespace hil::engine {

// hil_customer_view: the view as one document, with the conversation's last `last_messages` messages.
pg::JsonText customer_view(const Uuid& id, std::int32_t last_messages);

}  // namespace hil::engine
