#include "engine/reports.hpp"

#include <map>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/checkpoints.hpp"
#include "engine/completions.hpp"
#include "engine/failures.hpp"
#include "engine/held_runs.hpp"
#include "engine/workflows.hpp"
#include "pg/error.hpp"

namespace hil::engine {
namespace {

constexpr std::size_t max_reports = 100;

// What came of a report. proceed: the worker goes on; handover: a trigger fired; done: the run or its attempt
// is over; stop and alone: as in NotTaken.
struct Outcome {
    enum class Action { proceed, handover, done, stop, alone } action;
    std::string trigger{}, reason{};
    Json done{};
};

// A step's trigger hands over by the sink's config, which the worker sends along.
Outcome hand_over_at(Held& held, const ReportedStep& step, const TriggerHit& hit) {
    end_run(held.run, {.status = "succeeded"});
    Handover handover{.reason = hit.reason, .notice = "handover"};
    if (const auto& route = step.used.handover) {
        handover.skills = route->skills;
        handover.priority = route->priority;
        handover.context = {route->context.dump()};
    }
    complete_with_handover(held.conversation, handover, held.workflow->workflow->hil);
    return {Outcome::Action::handover, hit.trigger, *held.conversation.reason};
}

Outcome done(const Json& answer) { return {Outcome::Action::done, {}, {}, answer}; }

Outcome end(Held& held, const ReportedResult& result) {
    return done(complete(held.conversation, held.run, result, *held.workflow, held.last_answer));
}

Outcome end(Held& held, const ReportedHandover& asked) {
    held.run.add(asked.used);
    end_run(held.run, {.status = "succeeded", .result = pg::JsonText{asked.text}});
    complete_with_handover(held.conversation,
                           {.reason = *asked.route.reason,
                            .skills = asked.route.skills,
                            .priority = asked.route.priority,
                            .context = {asked.route.context.dump()},
                            .notice = "handover"},
                           config_of(held.run.workflow, held.run.revision));
    return done(accepted(held.conversation));
}

Outcome end(Held& held, const ReportedFailure& failure) {
    held.run.add(failure.used);
    end_attempt(held.conversation, held.run, failure_from(failure));
    return done(accepted(held.conversation));
}

// What the steps of the same report said is kept with the conversation.
Outcome end(Held& held, const ReportedPostponement& postponed) {
    held.run.add(postponed.used);
    requeue_run(held.run, postponed.reason, duration_of(postponed.after_seconds));
    save(held.conversation);
    return done(accepted(held.conversation));
}

Outcome end(Held& /*held*/, std::monostate /*not yet*/) { return {Outcome::Action::proceed}; }

// Writes what the report says.
Outcome carry_out(const RunReport& report, Held& held) {
    Conversation& conversation = held.conversation;
    Run& run = held.run;
    const std::optional<double> confidence_before = conversation.confidence;
    const std::int32_t steps_before = run.steps, calls_before = run.calls;
    add_calls(run, report.calls);
    for (const ReportedStep& step : report.steps) {
        // Sent again after a lost connection: it was stored and judged the first time.
        if (has_step(run, step.node)) continue;
        const std::optional<TriggerHit> hit =
            judge_step(held.workflow->workflow->hil, step.node, step.output);
        add_step(run, step, hit);
        if (auto answer = answer_of(step.output)) held.last_answer = std::move(answer);
        if (const auto confidence = confidence_of(step.output)) conversation.confidence = confidence;
        if (hit) return hand_over_at(held, step, *hit);
    }
    Outcome outcome = std::visit([&](const auto& ending) { return end(held, ending); }, report.ending);
    if (outcome.action != Outcome::Action::proceed) return outcome;
    if (run.steps > steps_before || run.calls > calls_before) save_totals(run);
    if (conversation.confidence != confidence_before) save(conversation);
    return outcome;
}

Outcome finish(const RunReport& report, Taken taken) {
    if (const NotTaken* why = std::get_if<NotTaken>(&taken))
        return {why->alone ? Outcome::Action::alone : Outcome::Action::stop, {}, why->reason};
    return carry_out(report, std::get<Held>(taken));
}

Outcome report_on(const RunReport& report) { return finish(report, take(report)); }

// The answers of hil_record_step and hil_record_calls.
Json verdict(const Outcome& outcome) {
    switch (outcome.action) {
        case Outcome::Action::proceed:
            return {{"action", "continue"}};
        case Outcome::Action::handover:
            return {{"action", "handover"}, {"trigger", outcome.trigger}, {"reason", outcome.reason}};
        case Outcome::Action::stop:
            return {{"action", "stop"}, {"reason", outcome.reason}};
        case Outcome::Action::done:
            return {{"action", "done"}, {"status", outcome.done.at("status")}};
        case Outcome::Action::alone:
            return {{"action", "alone"}, {"why", outcome.reason}};
    }
    throw std::logic_error("unknown outcome of a report");
}

// Those of hil_complete_run and hil_fail_run.
Json acceptance(const Outcome& outcome) {
    if (outcome.action != Outcome::Action::stop) return outcome.done;
    return {{"accepted", false},
            {"reason", outcome.reason},
            {"sqlstate", "55000"},
            {"hint", "Drop the report and stop working on the run; nothing was changed."}};
}

// One report of several. `left`: conversations of which something was left undone, and why; what is said of
// them later must not come before it.
Json answer_beside_others(const Json& document, std::map<std::string, std::string>& left) {
    RunReport report;
    Taken taken;
    try {
        report = read_report(document);
        if (const auto why = left.find(*report.conversation); why != left.end())
            taken = NotTaken{true, why->second};
        else
            taken = take_beside_others(report);
    } catch (const Refusal& refusal) {
        return {{"action", "refused"},
                {"sqlstate", pg::sqlstate_of(refusal.reason())},
                {"message", refusal.what()},
                {"hint", refusal.hint()}};
    } catch (const UnreadableDefinition& unreadable) {
        return {
            {"action", "refused"},
            {"sqlstate", "XX000"},
            {"message", unreadable.what()},
            {"hint", "Load it again for the runs to come; people get this one when hil.ai_timeout is over."}};
    }
    const Outcome outcome = finish(report, std::move(taken));
    if (outcome.action == Outcome::Action::alone) left[*report.conversation] = outcome.reason;
    return verdict(outcome);
}

}  // namespace

Json record_step(const Attempt& attempt, const ReportedStep& step) {
    return verdict(report_on({.run = attempt.run, .attempt = attempt.number, .steps = {step}}));
}

Json record_calls(const Attempt& attempt, const std::vector<CallNote>& calls) {
    return verdict(report_on({.run = attempt.run, .attempt = attempt.number, .calls = calls}));
}

Json complete_run(const Attempt& attempt, const pg::Document& document) {
    return acceptance(
        report_on({.run = attempt.run,
                   .attempt = attempt.number,
                   .ending = ReportedResult{read_run_result(document.json), document.text.text}}));
}

Json fail_run(const Attempt& attempt, std::string error, bool retryable,
              const std::optional<Duration>& retry_after) {
    constexpr std::int64_t day = 86'400'000'000;
    if (retry_after && (retry_after->microseconds < 0 || retry_after->microseconds > day))
        throw Refusal(Reason::invalid_argument,
                      "retry_after is " + std::to_string(retry_after->seconds()) +
                          " seconds, 0 seconds to 1 day is allowed",
                      "Pass NULL for hil's own backoff.");
    ReportedFailure failure{std::move(error), retryable};
    if (retry_after) failure.retry_after_seconds = retry_after->seconds();
    return acceptance(
        report_on({.run = attempt.run, .attempt = attempt.number, .ending = std::move(failure)}));
}

Json report_runs(const Json& reports) {
    if (!reports.is_array() || reports.empty() || reports.size() > max_reports)
        throw Refusal(Reason::invalid_argument,
                      "reports must be a list of 1 to " + std::to_string(max_reports) + " reports, got " +
                          (reports.is_array() ? std::to_string(reports.size()) : shown(reports)),
                      "Pass a list of reports, each {run_id, attempt, conversation_id, ...}.");
    if (reports.size() == 1) return Json::array({verdict(report_on(read_report(reports[0])))});
    Json answers = Json::array();
    std::map<std::string, std::string> left;
    for (const Json& report : reports) answers.push_back(answer_beside_others(report, left));
    return answers;
}

}  // namespace hil::engine
