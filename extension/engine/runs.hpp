// Runs: one execution of a workflow for a conversation, from its queueing to its result.
#pragma once

#include <optional>
#include <string>

#include "engine/conversations.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {

// Queues a run of `workflow` for a locked conversation that has none live, and moves the conversation to
// ai_processing; the caller saves it. The conversation keeps the workflow from here on. Returns the run's id.
std::int64_t queue_run(Conversation& conversation, const Revision& workflow,
                       const std::optional<std::string>& instructions = std::nullopt);

}  // namespace hil::engine
