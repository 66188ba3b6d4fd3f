#include "engine/runs.hpp"

#include <algorithm>
#include <cmath>

#include "core/refusal.hpp"
#include "core/run_result.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/analytics.hpp"
#include "engine/events.hpp"
#include "engine/failures.hpp"
#include "engine/handovers.hpp"
#include "engine/messages.hpp"
#include "engine/run_rows.hpp"
#include "engine/workflows.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Statement;

const pg::Insertion<Uuid, std::string, std::int32_t, std::string> insert_run{
    "runs", "conversation_id, workflow, revision, instructions", "id"};
const Statement<Uuid, std::int64_t, std::string, std::int32_t, JsonText, JsonText, double, std::int64_t>
    insert_step{
        "INSERT INTO hil.run_steps (conversation_id, run_id, node, attempt, output, usage, cost_usd, "
        "duration_ms, step_number) "
        "SELECT $1, $2, $3, $4, $5, $6, $7::numeric, $8, count(*) + 1 FROM hil.run_steps "
        "WHERE conversation_id = $1 AND run_id = $2 ON CONFLICT DO NOTHING"};
const Statement<Uuid, std::int64_t> last_answer{
    "SELECT output ->> 'answer' FROM hil.run_steps WHERE conversation_id = $1 AND run_id = $2 "
    "AND jsonb_typeof(output -> 'answer') = 'string' AND btrim(output ->> 'answer') <> '' "
    "ORDER BY step_number DESC LIMIT 1"};

// A run that is being reported on: both rows locked, and `run` empty where the worker does not hold it any
// more.
struct Report {
    Conversation conversation;
    std::optional<Run> run;
    std::string why_not;
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

Report open_report(const Attempt& attempt) {
    const Uuid conversation = find_run(attempt.run).conversation;
    Report report{lock(conversation), lock_run(conversation, attempt.run), ""};
    if (!report.run || report.run->status != "running" || report.run->attempt != attempt.number) {
        report.why_not = why_not_held(report.run, attempt);
        report.run.reset();
    }
    return report;
}

Json refused(const std::string& why_not) {
    return {{"accepted", false},
            {"reason", why_not},
            {"sqlstate", "55000"},
            {"hint", "Drop the report and stop working on the run; nothing was changed."}};
}

Json accepted(const Conversation& conversation) {
    return {{"accepted", true},
            {"status", name(conversation.state)},
            {"conversation_id", conversation.id.text()}};
}

// Stores what the AI says to the customer: the sink's own response, else the last answer of a node.
void answer_customer(const Conversation& conversation, const Run& run, const RunResult& result) {
    std::optional<std::string> text = result.response;
    if (!text) {
        const pg::Rows rows = last_answer(conversation.id, run.id);
        if (!rows.empty()) text = rows.front().get<std::string>(0);
    }
    if (text) add_message(conversation, {.sender_type = "ai", .content = *text, .run = run.id});
}

// What the AI said answers the messages that the run saw. Where the customer wrote meanwhile, another run
// follows and the conversation stays open; otherwise it is finished or waits for the customer.
Json complete_with_answer(Conversation& conversation, const Run& run, const RunResult& result,
                          const std::string& action) {
    answer_customer(conversation, run, result);
    conversation.consecutive_errors = 0;
    conversation.answered_through = run.input_through;
    if (customer_wrote_after(conversation.id, run.input_through)) {
        const std::int64_t next = queue_run(conversation, loaded_workflow_of(conversation.workflow));
        save(conversation);
        Json answer = accepted(conversation);
        answer["run_id"] = next;
        return answer;
    }
    if (action == action_reply) {
        save(conversation);
        return accepted(conversation);
    }
    conversation.move(State::finished);
    close(conversation, {.resolution_status = result.resolution_status.value_or("resolved")});
    emit("finished", conversation.id);
    return accepted(conversation);
}

// What of a step's usage is stored; the sink's config has done its work.
Json kept_usage(Json usage) {
    usage.erase("handover");
    return usage;
}

Json complete_with_handover(Conversation& conversation, const Handover& handover, const HilConfig& config) {
    conversation.consecutive_errors = 0;
    hand_over(conversation, handover, config);
    return accepted(conversation);
}

}  // namespace

std::int64_t queue_run(Conversation& conversation, const Revision& workflow,
                       const std::optional<std::string>& instructions) {
    conversation.workflow = workflow.name;
    if (conversation.state != State::ai_processing) conversation.move(State::ai_processing);
    const std::int64_t run = insert_run(conversation.id, workflow.name, workflow.number, instructions)
                                 .front()
                                 .get<std::int64_t>(0);
    emit("run_queued", conversation.id, std::nullopt, {{"run_id", run}});
    return run;
}

Json record_step(const Attempt& attempt, const std::string& node, const pg::Document& output,
                 const Json& usage) {
    const StepUsage used = read_step_usage(usage);
    Report report = open_report(attempt);
    if (!report.run) return {{"action", "stop"}, {"reason", report.why_not}};
    Conversation& conversation = report.conversation;
    const Run& run = *report.run;
    const Revision workflow = revision(run.workflow, run.revision);
    const Node* known = workflow.workflow->node(node);
    if (known == nullptr || known->sink)
        throw Refusal(Reason::invalid_argument,
                      "workflow \"" + run.workflow + "\" has no agent node " + in_quotes(node),
                      "Record only nodes of the run's workflow that are no sinks.");
    const pg::Rows stored = insert_step(conversation.id, run.id, node, attempt.number, output.text,
                                        JsonText{kept_usage(usage).dump()}, used.cost_usd, used.duration_ms);
    // Sent again after a lost connection: it was stored and judged the first time.
    if (stored.processed == 0) return {{"action", "continue"}};
    const bool confidence_given = output.json.is_object() && output.json.contains("confidence") &&
                                  output.json["confidence"].is_number();
    if (confidence_given) conversation.confidence = output.json["confidence"].get<double>();
    const std::optional<TriggerHit> hit = judge_step(workflow.workflow->hil, node, output.json);
    if (!hit) {
        if (confidence_given) save(conversation);
        return {{"action", "continue"}};
    }
    end_run(run, {.status = "succeeded"});
    Handover handover{.reason = hit->reason, .notice = "handover"};
    if (used.handover) {
        handover.skills = used.handover->skills;
        handover.priority = used.handover->priority;
        handover.context = {used.handover->context.dump()};
    }
    complete_with_handover(conversation, handover, workflow.workflow->hil);
    return {{"action", "handover"}, {"trigger", hit->trigger}, {"reason", *conversation.reason}};
}

Json complete_run(const Attempt& attempt, const pg::Document& document) {
    const RunResult result = read_run_result(document.json);
    Report report = open_report(attempt);
    if (!report.run) return refused(report.why_not);
    Conversation& conversation = report.conversation;
    const Run& run = *report.run;
    const Revision workflow = revision(run.workflow, run.revision);
    const HilConfig& config = workflow.workflow->hil;
    const Node* sink = nullptr;
    if (result.sink) {
        sink = workflow.workflow->node(*result.sink);
        if (sink == nullptr || !sink->sink)
            throw Refusal(Reason::invalid_argument,
                          "workflow \"" + run.workflow + "\" has no sink " + in_quotes(*result.sink),
                          "Report a sink of the run's workflow, or null where none was reached.");
    }
    end_run(run, {.status = "succeeded", .sink = result.sink, .result = document.text});
    if (sink == nullptr)
        return complete_with_handover(
            conversation, {.reason = "Workflow completed without clear sink", .notice = "no_sink"}, config);
    if (sink->action == action_handover)
        return complete_with_handover(conversation,
                                      {.reason = result.reason.value_or("AI handover"),
                                       .skills = result.skills,
                                       .priority = result.priority,
                                       .context = {result.context.dump()},
                                       .notice = "handover"},
                                      config);
    return complete_with_answer(conversation, run, result, sink->action);
}

Json fail_run(const Attempt& attempt, const Failure& failure) {
    constexpr std::int64_t day = 86'400'000'000;
    if (failure.retry_after &&
        (failure.retry_after->microseconds < 0 || failure.retry_after->microseconds > day))
        throw Refusal(Reason::invalid_argument,
                      "retry_after is " + std::to_string(failure.retry_after->seconds()) +
                          " seconds, 0 seconds to 1 day is allowed",
                      "Pass NULL for hil's own backoff.");
    Report report = open_report(attempt);
    if (!report.run) return refused(report.why_not);
    end_attempt(report.conversation, *report.run, failure);
    return accepted(report.conversation);
}

}  // namespace hil::engine
