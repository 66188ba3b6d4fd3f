// Reports: what workers say of the runs that they hold.
//
// A run is fenced by (id, attempt): what a worker reports counts only while the run is running in that
// attempt. Whatever takes the conversation away from the AI cancels the run under the conversation's lock, so
// a stale worker changes nothing. That a run is not the worker's any more is no error: the answer says so.
// All: Refusal(not_found) for an unknown run, Refusal(invalid_argument) for what does not fit its workflow.
#pragma once

#include <string>
#include <vector>

#include "core/run_report.hpp"
#include "engine/conversations.hpp"

namespace hil::engine {

struct Attempt {
    std::int64_t run;
    std::int32_t number;
};

// hil_record_step, hil_record_calls, hil_complete_run, hil_fail_run.
Json record_step(const Attempt& attempt, const ReportedStep& step);
Json record_calls(const Attempt& attempt, const std::vector<CallNote>& calls);
Json complete_run(const Attempt& attempt, const pg::Document& result);
Json fail_run(const Attempt& attempt, std::string error, bool retryable,
              const std::optional<Duration>& retry_after);

// hil_report_runs: the answers, in the order of the reports. One report waits for locks and does everything;
// what is wrong with it is a Refusal. Several never wait, and hold conversations and their runs alone: one
// whose locks somebody has, or that would touch the queue, is left undone with the answer `alone`, and what
// is wrong with one is its own answer. So no report holds up the others, and they cannot be part of a
// deadlock, in whatever order they lock.
Json report_runs(const Json& reports);

}  // namespace hil::engine
