// Failed attempts: a run is tried again, or the conversation goes to people.
#pragma once

#include <optional>
#include <string>

#include "engine/run_rows.hpp"

namespace hil::engine {

struct Failure {
    std::string error;
    bool retryable = true;
    std::optional<Duration> retry_after = std::nullopt;
};

// Ends the attempt of a locked run with an error, whatever it was: an error the worker reported, or a worker
// that was lost. Below the error limit of the workflow the run is queued again after a jittered backoff; at
// the limit, or where trying again cannot help, it fails and the conversation is handed over. Saves the
// conversation.
void end_attempt(Conversation& conversation, const Run& run, const Failure& failure);

}  // namespace hil::engine
