// Executes a workflow for one run.
#pragma once

#include <functional>

#include "db/protocol.hpp"
#include "db/reports.hpp"
#include "run/known_workflows.hpp"
#include "step/step.hpp"

namespace hil::worker {

// Sends a part of the run's report (see Report::body) and returns what the database says to it.
using SendReport = std::function<Task<Answer>(Json body)>;

// Executes the nodes that the workflow reaches, those that do not depend on each other side by side. A node
// without incoming edges runs; any other runs if an incoming edge fired (its source ran and its condition
// holds) and its own condition holds. The first sink that is reached ends the run; in the config of a
// finish_conversation or reply_to_customer sink without a response, `response` is the last `answer` that an
// agent node gave.
//
// What is in the claim's input["steps"] has run: it is neither executed nor reported again. A step is
// reported before anything is executed that depends on it, or as soon as it is done where others are still
// going on; the last steps go together with the result. Each step's usage gets `handover`: the config of the
// first handover_to_human sink, rendered with what is known after it, so that a trigger that fires on it can
// route; it is left out where it cannot be rendered, or is more than the database takes.
//
// Returns the last answer: whatever it is, the run needs no further report. Throws what a step throws, after
// what was finished has been reported, StepFailed for conditions and sinks, and whatever `send` throws. At a
// cancellation, and at a verdict other than proceed, all steps are cancelled. Everything runs on the caller's
// strand, and what is referred to outlives it.
Task<Answer> execute(const KnownWorkflow& workflow, const Claim& claim, Spending& spending, RunStep run_step,
                     SendReport send, int parallel_nodes, std::function<void(bool)> at_provider = {},
                     std::function<void(bool)> at_tool = {});

}  // namespace hil::worker
