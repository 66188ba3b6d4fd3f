// Checkpoints: what the nodes of a run put out, and the calls of tools that they made on the way there. A
// retried run goes on from them. What takes a Run needs the locks of it and of its conversation.
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

// The rows of hil_run_steps: a conversation's steps of all runs that came later than `after`, in order.
pg::Rows steps_of(const Uuid& conversation, const std::optional<Timestamp>& after);

}  // namespace hil::engine
