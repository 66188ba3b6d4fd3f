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
#include "engine/failures.hpp"

namespace hil::engine {

struct Attempt {
    std::int64_t run;
    std::int32_t number;
};

// hil_record_step, hil_record_calls, hil_complete_run, hil_fail_run.
Json record_step(const Attempt& attempt, const ReportedStep& step);
Json record_calls(const Attempt& attempt, const std::vector<CallNote>& calls);
Json complete_run(const Attempt& attempt, const pg::Document& result);
Json fail_run(const Attempt& attempt, const Failure& failure);

}  // namespace hil::engine
