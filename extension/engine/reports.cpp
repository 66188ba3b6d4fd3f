#include "engine/reports.hpp"

#include <variant>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/checkpoints.hpp"
#include "engine/completions.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {
namespace {

struct Result {
    RunResult result;
    pg::JsonText text;
};

// All that a worker says of one run at once, in the order in which it counts.
struct Report {
    Attempt attempt;
    std::vector<CallNote> calls{};
    std::vector<ReportedStep> steps{};
    std::variant<std::monostate, Result, Failure> ending{};
};

// What came of it. proceed: the worker goes on; handover: a trigger fired; stop: the run is not the worker's
// any more, and nothing was changed; done: the run or its attempt is over.
struct Outcome {
    enum class Action { proceed, handover, stop, done } action;
    std::string trigger{}, reason{};
    Json done{};
};

std::string why_not_held(const std::optional<Run>& run, const Attempt& attempt) {
    const std::string who = "run " + std::to_string(attempt.run);
    if (!run) return who + " was purged";
    if (run->status == "queued")
        return who + " was taken back, attempt " + std::to_string(attempt.number) + " is over";
    if (run->status != "running")
        return who + " has " + (run->status == "cancelled" ? "been " : "") + run->status + " already";
    return who + " is in attempt " + std::to_string(run->attempt) + ", not " + std::to_string(attempt.number);
}

bool is_held(const std::optional<Run>& run, const Attempt& attempt) {
    return run && run->status == "running" && run->attempt == attempt.number;
}

void require_agent_node(const Revision& workflow, const std::string& node) {
    const Node* known = workflow.workflow->node(node);
    if (known == nullptr || known->sink)
        throw Refusal(Reason::invalid_argument,
                      "workflow \"" + workflow.name + "\" has no agent node " + in_quotes(node),
                      "Record only nodes of the run's workflow that are no sinks.");
}

// The run's workflow, which has everything that the report names. Nothing where it names nothing: a failure
// counts also where the definition cannot be read any more.
std::optional<Revision> workflow_for(const Report& report, const Run& run) {
    const auto* ending = std::get_if<Result>(&report.ending);
    if (report.calls.empty() && report.steps.empty() && ending == nullptr) return std::nullopt;
    Revision workflow = revision(run.workflow, run.revision);
    for (const CallNote& note : report.calls) require_agent_node(workflow, note.node);
    require_made(run, report.calls);
    for (const ReportedStep& step : report.steps) require_agent_node(workflow, step.node);
    if (ending != nullptr) sink_of(ending->result, workflow);
    return workflow;
}

// A step's trigger hands over by the sink's config, which the worker sends along.
Outcome hand_over_at(Conversation& conversation, Run& run, const ReportedStep& step, const TriggerHit& hit,
                     const HilConfig& config) {
    end_run(run, {.status = "succeeded"});
    Handover handover{.reason = hit.reason, .notice = "handover"};
    if (const auto& route = step.used.handover) {
        handover.skills = route->skills;
        handover.priority = route->priority;
        handover.context = {route->context.dump()};
    }
    complete_with_handover(conversation, handover, config);
    return {Outcome::Action::handover, hit.trigger, *conversation.reason};
}

// Writes what the report says; `run` is held by whoever sent it.
Outcome carry_out(const Report& report, Conversation& conversation, Run& run,
                  const std::optional<Revision>& workflow) {
    const std::optional<double> confidence_before = conversation.confidence;
    const std::int32_t steps_before = run.steps, calls_before = run.calls;
    add_calls(run, report.calls);
    for (const ReportedStep& step : report.steps) {
        // Sent again after a lost connection: it was stored and judged the first time.
        if (has_step(run, step.node)) continue;
        const HilConfig& config = workflow->workflow->hil;
        const std::optional<TriggerHit> hit = judge_step(config, step.node, step.output);
        add_step(run, step, hit);
        if (const auto confidence = confidence_of(step.output)) conversation.confidence = confidence;
        if (hit) return hand_over_at(conversation, run, step, *hit, config);
    }
    if (const auto* failure = std::get_if<Failure>(&report.ending)) {
        end_attempt(conversation, run, *failure);
        return {Outcome::Action::done, {}, {}, accepted(conversation)};
    }
    if (const auto* ending = std::get_if<Result>(&report.ending))
        return {Outcome::Action::done,
                {},
                {},
                complete(conversation, run, ending->result, ending->text, *workflow)};
    if (run.steps > steps_before || run.calls > calls_before) save_totals(run);
    if (conversation.confidence != confidence_before) save(conversation);
    return {Outcome::Action::proceed};
}

Outcome report_on(const Report& report) {
    const Uuid id = find_run(report.attempt.run).conversation;
    Conversation conversation = lock(id);
    std::optional<Run> run = lock_run(id, report.attempt.run);
    if (!is_held(run, report.attempt)) return {Outcome::Action::stop, {}, why_not_held(run, report.attempt)};
    const std::optional<Revision> workflow = workflow_for(report, *run);
    return carry_out(report, conversation, *run, workflow);
}

Json verdict(const Outcome& outcome) {
    switch (outcome.action) {
        case Outcome::Action::stop:
            return {{"action", "stop"}, {"reason", outcome.reason}};
        case Outcome::Action::handover:
            return {{"action", "handover"}, {"trigger", outcome.trigger}, {"reason", outcome.reason}};
        default:
            return {{"action", "continue"}};
    }
}

Json acceptance(const Outcome& outcome) {
    if (outcome.action != Outcome::Action::stop) return outcome.done;
    return {{"accepted", false},
            {"reason", outcome.reason},
            {"sqlstate", "55000"},
            {"hint", "Drop the report and stop working on the run; nothing was changed."}};
}

}  // namespace

Json record_step(const Attempt& attempt, const ReportedStep& step) {
    return verdict(report_on({.attempt = attempt, .steps = {step}}));
}

Json record_calls(const Attempt& attempt, const std::vector<CallNote>& calls) {
    return verdict(report_on({.attempt = attempt, .calls = calls}));
}

Json complete_run(const Attempt& attempt, const pg::Document& document) {
    return acceptance(
        report_on({.attempt = attempt, .ending = Result{read_run_result(document.json), document.text}}));
}

Json fail_run(const Attempt& attempt, const Failure& failure) {
    constexpr std::int64_t day = 86'400'000'000;
    if (failure.retry_after &&
        (failure.retry_after->microseconds < 0 || failure.retry_after->microseconds > day))
        throw Refusal(Reason::invalid_argument,
                      "retry_after is " + std::to_string(failure.retry_after->seconds()) +
                          " seconds, 0 seconds to 1 day is allowed",
                      "Pass NULL for hil's own backoff.");
    return acceptance(report_on({.attempt = attempt, .ending = failure}));
}

}  // namespace hil::engine
