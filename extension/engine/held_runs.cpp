#include "engine/held_runs.hpp"

#include <cmath>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/checkpoints.hpp"
#include "engine/completions.hpp"

namespace hil::engine {
namespace {

std::string why_not_held(const std::optional<Run>& run, const RunReport& report) {
    const std::string who = "run " + std::to_string(report.run);
    if (!run) return who + " was purged";
    if (run->status == "queued")
        return who + " was taken back, attempt " + std::to_string(report.attempt) + " is over";
    if (run->status != "running")
        return who + " has " + (run->status == "cancelled" ? "been " : "") + run->status + " already";
    return who + " is in attempt " + std::to_string(run->attempt) + ", not " + std::to_string(report.attempt);
}

void require_agent_node(const Revision& workflow, const std::string& node) {
    const Node* known = workflow.workflow->node(node);
    if (known == nullptr || known->sink)
        throw Refusal(Reason::invalid_argument,
                      "workflow \"" + workflow.name + "\" has no agent node " + in_quotes(node),
                      "Record only nodes of the run's workflow that are no sinks.");
}

std::optional<Revision> workflow_for(const RunReport& report, const Run& run) {
    const auto* ending = std::get_if<ReportedResult>(&report.ending);
    if (report.calls.empty() && report.steps.empty() && ending == nullptr) return std::nullopt;
    Revision workflow = revision(run.workflow, run.revision);
    for (const CallNote& note : report.calls) require_agent_node(workflow, note.node);
    require_made(run, report.calls);
    for (const ReportedStep& step : report.steps) require_agent_node(workflow, step.node);
    if (ending != nullptr) sink_of(ending->result, workflow);
    return workflow;
}

Uuid conversation_of(const RunReport& report) {
    if (!report.conversation) return find_run(report.run).conversation;
    const std::optional<Uuid> id = pg::uuid_from(*report.conversation);
    if (!id)
        throw Refusal(Reason::invalid_argument,
                      "conversation_id must be a uuid, got " + in_quotes(*report.conversation),
                      "Report the conversation_id that hil_claim_runs returned.");
    return *id;
}

[[noreturn]] void refuse_unknown(const RunReport& report, const Uuid& conversation) {
    throw Refusal(Reason::not_found,
                  "there is no run " + std::to_string(report.run) + " of conversation " + conversation.text(),
                  "Report only runs that hil_claim_runs returned, with their conversation.");
}

// Checks a report on rows that are locked.
Taken checked(const RunReport& report, Conversation conversation, std::optional<Run> run) {
    if (!run || run->status != "running" || run->attempt != report.attempt)
        return NotTaken{false, why_not_held(run, report)};
    // Somebody typed the state: people have the conversation, whatever its run says.
    if (conversation.state != State::ai_processing)
        return NotTaken{false, "run " + std::to_string(report.run) + " has lost its conversation, which is " +
                                   std::string(name(conversation.state))};
    std::optional<Revision> workflow = workflow_for(report, *run);
    return Held{std::move(conversation), *std::move(run), std::move(workflow)};
}

// Whether the report would hand the conversation over.
bool touches_queue(const RunReport& report, const Held& held) {
    for (const ReportedStep& step : report.steps)
        if (judge_step(held.workflow->workflow->hil, step.node, step.output) &&
            !has_step(held.run, step.node))
            return true;
    if (const auto* result = std::get_if<ReportedResult>(&report.ending))
        return hands_over(sink_of(result->result, *held.workflow));
    if (const auto* failure = std::get_if<ReportedFailure>(&report.ending))
        return is_last(held.conversation, held.run, failure_from(*failure));
    return std::holds_alternative<ReportedHandover>(report.ending);
}

}  // namespace

Duration duration_of(double seconds) { return {std::llround(seconds * 1e6)}; }

Failure failure_from(const ReportedFailure& reported) {
    const auto& after = reported.retry_after_seconds;
    return {reported.error, reported.retryable, after ? std::optional(duration_of(*after)) : std::nullopt};
}

Taken take(const RunReport& report) {
    const Uuid id = conversation_of(report);
    Conversation conversation = lock(id);
    std::optional<Run> run = lock_run(id, report.run);
    if (!run && report.conversation) refuse_unknown(report, id);
    return checked(report, std::move(conversation), std::move(run));
}

Taken take_beside_others(const RunReport& report) {
    const auto alone = [](const char* why) { return NotTaken{true, why}; };
    const Uuid id = conversation_of(report);
    std::optional<Conversation> conversation = try_lock(id);
    if (!conversation) {
        require_conversation(id);
        return alone("held");
    }
    std::optional<Run> run = try_lock_run(id, report.run);
    if (!run) {
        if (!is_there(id, report.run)) refuse_unknown(report, id);
        return alone("held");
    }
    Taken taken = checked(report, *std::move(conversation), std::move(run));
    if (const Held* held = std::get_if<Held>(&taken); held != nullptr && touches_queue(report, *held))
        return alone("queue");
    return taken;
}

}  // namespace hil::engine
