// What a worker reports of a run: the calls of tools that its nodes make, what they put out, and how the run
// or its attempt ended. Partly written by a model, so the shape is checked strictly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/json.hpp"
#include "core/run_result.hpp"

namespace hil {

// The longest name of a node or tool, in bytes, and the highest number of a call, which bounds what the sums
// over a run can come to.
inline constexpr std::size_t max_reported_name_bytes = 200;
inline constexpr int max_call_number = 10'000;

// A call of a tool, written down before it is made, after it was answered, or once for both.
struct CallNote {
    struct Made {
        int turn = 0;  // of the model, from 1: which of its messages asked for the call
        std::string tool;
        Json arguments;
        std::optional<Json> message;  // the model's own message, with the first call of its turn
        std::optional<Json> usage;    // what that turn cost, along with it
        StepUsage used;               // the same, read
    };
    struct Answered {
        std::string result;
        bool is_error = false;
        long long duration_ms = 0;
    };

    std::string node;
    int call = 0;  // from 1, over all turns of the node
    std::optional<Made> made;
    std::optional<Answered> answered;
};

// Reads a list of at most max_call_number notes, each {"call", and "turn", "tool", "arguments", "message"?,
// "usage"? where it is made, and "result", "is_error"?, "duration_ms"? where it was answered}. `node`: whose
// calls they are; where it is nothing each names it. Throws Refusal(invalid_argument).
std::vector<CallNote> read_calls(const Json& calls, const std::optional<std::string>& node);

// What a node put out, and what it cost beside the turns that came with its calls. The texts are what is
// stored, since numbers beyond the range of double would not survive the way through Json.
struct ReportedStep {
    std::string node;
    Json output;
    std::string output_text;
    Json usage;      // without what only routes a handover
    StepUsage used;  // the same, read, with it
};

// How it ended: with a result; by a handover that the worker asks for, as at a limit; or with an error, by
// which the attempt alone may end; or not at all: the worker gives the run back, which counts as no error.
struct ReportedResult {
    RunResult result;
    std::string text;  // what is stored
};
struct ReportedHandover {
    SinkRoute route;   // with a reason
    std::string text;  // what is stored
    StepUsage used;    // what nothing else counted
};
struct ReportedFailure {
    std::string error;
    bool retryable = true;
    std::optional<double> retry_after_seconds = std::nullopt;  // 0 to a day
    StepUsage used{};                                          // what nothing else counted
};

struct ReportedPostponement {
    std::string reason;
    double after_seconds = 0;  // 0 to a day
    StepUsage used{};          // what nothing else counted
};

// All that is said of one run at once. Calls count before steps, and steps before the ending.
struct RunReport {
    std::int64_t run = 0;
    int attempt = 0;
    std::optional<std::string> conversation{};  // its id; nothing where it must be looked for
    std::vector<CallNote> calls{};
    std::vector<ReportedStep> steps{};
    std::variant<std::monostate, ReportedResult, ReportedHandover, ReportedFailure, ReportedPostponement>
        ending{};
};

// Reads one report of hil_report_runs: {"run_id", "attempt", "conversation_id", "calls"?, "steps"?: [{"node",
// "output", "usage"?}], and at most one of "result", "handover": {"reason", "required_skills"?, "priority"?,
// "handover_context"?, "usage"?}, "failure": {"error", "retryable", "retry_after_seconds"?, "usage"?} and
// "postponed": {"reason", "after_seconds", "usage"?}}.
// Throws Refusal(invalid_argument).
RunReport read_report(const Json& report);

// Reads a step, as hil_record_step takes it. Throws Refusal(invalid_argument) for a usage of the wrong shape.
ReportedStep read_step(std::string node, Json output, std::string output_text, Json usage);

}  // namespace hil
