// Executes a workflow for one run.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "core/workflow.hpp"
#include "llm/provider.hpp"
#include "step/step.hpp"
#include "workflow/catalogue.hpp"

namespace hil::worker {

// What the database decided about a step.
struct Verdict {
    enum class Action { proceed, handover, stop };
    Action action = Action::stop;
    std::string trigger;  // of a handover
    std::string reason;
};

// Reports a step that was executed: the node, its output and its usage. `usage` has input_tokens,
// output_tokens, cost_usd, duration_ms, model, and `handover`: the config of the first handover_to_human
// sink, rendered with what is known after this step, so that a trigger that fires on it can route. It is left
// out where it cannot be rendered, or would make the usage larger than the database takes.
using RecordStep = std::function<Verdict(const std::string& node, const Json& output, const Json& usage)>;

// `completed`: `result` is to be reported. Else a verdict or `abandoned` ended it, and there is nothing to
// report.
struct Execution {
    bool completed = false;
    Json result;  // {"sink": id, "config": {…, rendered}} or {"sink": null}
};

// Executes the nodes in topological order. A node without incoming edges runs; any other runs if an incoming
// edge fired (its source ran and its condition holds) and its own condition holds. The first sink that is
// reached ends the run. What is in input["steps"] has run: it is neither executed nor recorded again. A
// verdict other than proceed ends it at once; `abandoned` does before the next node. In the config of a
// finish_conversation or reply_to_customer sink without a response, `response` is the last `answer` that an
// agent node gave. The workflow must have been loaded by load_workflow_text or load_workflow_definition with
// the same catalogue. Throws StepFailed, and whatever `record` throws.
Execution execute(const Workflow& workflow, const Catalogue& catalogue, llm::Providers& providers,
                  const Json& input, const RecordStep& record, const std::atomic<bool>& abandoned);

}  // namespace hil::worker
