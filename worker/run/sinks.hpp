// What a run's sinks make of what the run knows.
#pragma once

#include <optional>
#include <string>

#include "run/known_workflows.hpp"
#include "workflow/scope.hpp"

namespace hil::worker {

// The result of a run that reached the sink: {"sink": id, "config": {…, rendered}}. `answer` is the response
// where the sink has none. Throws StepFailed.
Json result_of(const KnownWorkflow& workflow, const Node& sink, const Scope& scope,
               const std::optional<std::string>& answer);

// Adds `handover`, the config of the first handover_to_human sink as it is now, to a step's usage. It is left
// out where it cannot be rendered: the step counts, and if a trigger fires on it, the workflow's routing
// rules route.
void add_handover(const KnownWorkflow& workflow, const Scope& scope, Json& usage);

// The call of handover_to_human with which a step ended, {reason, required_skills?, priority?}; nullptr: it
// did not.
const Json* call_for_human(const Json& output);

// Makes the skills and the priority of such a call those of the step's `handover`, before what the sink says.
void add_call_for_human(const Json& output, Json& usage);

}  // namespace hil::worker
