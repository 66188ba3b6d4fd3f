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

// Whether that attempt is the last: at the error limit of the workflow, or where trying again cannot help.
bool is_last(const Conversation& conversation, const Run& run, const Failure& failure);

// Ends the attempt of a locked run with an error, whatever it was: an error the worker reported, or a worker
// that was lost. The run is queued again after a jittered backoff; after the last attempt it fails and the
// conversation is handed over. Saves the conversation.
void end_attempt(Conversation& conversation, const Run& run, const Failure& failure);

}  // namespace hil::engine
