// Checkpoints: what the nodes of a run put out, and the calls of tools that they made on the way there. A
// retried run goes on from them. Every function needs the locks of the conversation and the run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/run_report.hpp"
#include "core/triggers.hpp"
#include "engine/run_rows.hpp"

namespace hil::engine {

bool has_step(const Run& run, const std::string& node);

// Stores a step that the run does not have yet, with the trigger that fired, and adds it to the run's totals.
void add_step(Run& run, const ReportedStep& step, const std::optional<TriggerHit>& hit);

// Refusal(invalid_argument) where a note is the answer to a call that was never written down, neither before
// nor by an earlier note.
void require_made(const Run& run, const std::vector<CallNote>& notes);

// Writes down calls and answers that are not yet, and adds new calls to the run's totals.
void add_calls(Run& run, const std::vector<CallNote>& notes);

// The last answer that a node of the run put out.
std::optional<std::string> last_answer(const Run& run);

}  // namespace hil::engine
