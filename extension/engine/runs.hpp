// Runs: one execution of a workflow for a conversation, from its queueing to its result.
//
// A run is fenced by (id, attempt): what a worker reports counts only while the run is running in that
// attempt. Whatever takes the conversation away from the AI cancels the run under the conversation's lock, so
// a stale worker changes nothing.
#pragma once

#include <optional>
#include <string>

#include "engine/failures.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {

// Queues a run of `workflow` for a locked conversation that has none live, and moves the conversation to
// ai_processing; the caller saves it. The conversation keeps the workflow from here on. Returns the run's id.
std::int64_t queue_run(Conversation& conversation, const Revision& workflow,
                       const std::optional<std::string>& instructions = std::nullopt);

// hil_record_step, hil_complete_run, hil_fail_run: what a worker reports. Refusal(not_found) for an unknown
// run, Refusal(invalid_argument) for a report of the wrong shape. A run that is not the worker's any more is
// no error: the answer says so.
struct Attempt {
    std::int64_t run;
    std::int32_t number;
};
Json record_step(const Attempt& attempt, const std::string& node, const pg::Document& output,
                 const Json& usage);
Json complete_run(const Attempt& attempt, const pg::Document& result);

Json fail_run(const Attempt& attempt, const Failure& failure);

}  // namespace hil::engine
