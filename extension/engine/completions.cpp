#include "engine/completions.hpp"

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "engine/analytics.hpp"
#include "engine/checkpoints.hpp"
#include "engine/events.hpp"
#include "engine/messages.hpp"
#include "engine/runs.hpp"

namespace hil::engine {
namespace {

// Stores what the AI says to the customer: the sink's own response, else the last answer of a node.
void answer_customer(const Conversation& conversation, const Run& run, const RunResult& result,
                     const std::optional<std::string>& answer) {
    std::optional<std::string> text = result.response;
    if (!text) text = answer ? answer : last_answer(run);
    if (text) add_message(conversation, {.sender_type = "ai", .content = *text, .run = run.id});
}

// What the AI said answers the messages that the run saw. Where the customer wrote meanwhile, another run
// follows and the conversation stays open; otherwise it is finished or waits for the customer.
Json complete_with_answer(Conversation& conversation, const Run& run, const RunResult& result,
                          const std::string& action, const std::optional<std::string>& answer_at_hand) {
    answer_customer(conversation, run, result, answer_at_hand);
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

}  // namespace

const Node* sink_of(const RunResult& result, const Revision& workflow) {
    if (!result.sink) return nullptr;
    const Node* sink = workflow.workflow->node(*result.sink);
    if (sink == nullptr || !sink->sink)
        throw Refusal(Reason::invalid_argument,
                      "workflow \"" + workflow.name + "\" has no sink " + in_quotes(*result.sink),
                      "Report a sink of the run's workflow, or null where none was reached.");
    return sink;
}

bool hands_over(const Node* sink) { return sink == nullptr || sink->action == action_handover; }

Json complete(Conversation& conversation, const Run& run, const ReportedResult& reported,
              const Revision& workflow, const std::optional<std::string>& last_answer) {
    const RunResult& result = reported.result;
    const Node* sink = sink_of(result, workflow);
    end_run(run, {.status = "succeeded", .sink = result.sink, .result = pg::JsonText{reported.text}});
    if (!hands_over(sink)) return complete_with_answer(conversation, run, result, sink->action, last_answer);
    Handover handover{.reason = "Workflow completed without clear sink", .notice = "no_sink"};
    if (sink != nullptr)
        handover = {.reason = result.reason.value_or("AI handover"),
                    .skills = result.skills,
                    .priority = result.priority,
                    .context = {result.context.dump()},
                    .notice = "handover"};
    complete_with_handover(conversation, handover, workflow.workflow->hil);
    return accepted(conversation);
}

void complete_with_handover(Conversation& conversation, const Handover& handover, const HilConfig& config) {
    conversation.consecutive_errors = 0;
    hand_over(conversation, handover, config);
}

Json accepted(const Conversation& conversation) {
    return {{"accepted", true},
            {"status", name(conversation.state)},
            {"conversation_id", conversation.id.text()}};
}

}  // namespace hil::engine
