// Held runs: whether a report comes from the worker that holds the run, and fits the run's workflow.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/run_report.hpp"
#include "engine/failures.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {

// A report's run, which its sender holds, with everything that the report names. Both rows are locked,
// nothing is written yet. No workflow where the report names nothing of it: a failure counts also where the
// definition cannot be read any more.
struct Held {
    Conversation conversation;
    Run run;
    std::optional<Revision> workflow;
    std::optional<std::string> last_answer{};  // of the steps that the report adds
};

// Why a report is not carried out. alone: nothing was looked at further, since it must not be among others;
// otherwise the run is not the sender's any more.
struct NotTaken {
    bool alone;
    std::string reason;
};

using Taken = std::variant<Held, NotTaken>;

// Waits for the locks. Refusal where there is no such run, or where the report does not fit its workflow.
Taken take(const RunReport& report);

// As take, but takes the locks only where nobody has them, and only a report that does not hand the
// conversation over.
Taken take_beside_others(const RunReport& report);

Duration duration_of(double seconds);
Failure failure_from(const ReportedFailure& reported);

}  // namespace hil::engine
