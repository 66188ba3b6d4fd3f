// Completions: what the end of a run does with its conversation. The caller holds both locks, and has checked
// the result.
#pragma once

#include "core/run_report.hpp"
#include "engine/handovers.hpp"
#include "engine/run_rows.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {

// The sink that a result names; nullptr where none was reached. Refusal(invalid_argument) where the workflow
// has no such sink.
const Node* sink_of(const RunResult& result, const Revision& workflow);

// Whether reaching that sink, or none, hands the conversation over.
bool hands_over(const Node* sink);

// Ends the run with its result: answers the customer and finishes, answers and waits, or hands over. Saves
// the conversation. Returns what the worker is told. `last_answer`: that of the run's steps, where it is at
// hand.
Json complete(Conversation& conversation, const Run& run, const ReportedResult& reported,
              const Revision& workflow, const std::optional<std::string>& last_answer);

// Hands over at the end of a run. Saves the conversation.
void complete_with_handover(Conversation& conversation, const Handover& handover, const HilConfig& config);

// What a worker is told of a report that was taken.
Json accepted(const Conversation& conversation);

}  // namespace hil::engine
