#include "engine/intake.hpp"

#include <cmath>

#include "core/refusal.hpp"
#include "core/triggers.hpp"
#include "engine/agents.hpp"
#include "engine/desk.hpp"
#include "engine/handovers.hpp"
#include "engine/messages.hpp"
#include "engine/positions.hpp"
#include "engine/presence.hpp"
#include "engine/run_rows.hpp"
#include "engine/runs.hpp"
#include "engine/waiting_time.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {
namespace {

// Each path saves the conversation, also where nothing but a message is new: whoever decides on it under
// REPEATABLE READ and does not see the message must fail (40001) rather than decide without it, and a mere
// lock does not make them.
struct Handled {
    std::int64_t message;
    Json answer;
};

NewMessage stored_form(const Incoming& incoming) {
    return {.sender_type = incoming.agent ? "agent" : "user",
            .content = incoming.text,
            .agent = incoming.agent,
            .metadata = incoming.metadata,
            .idempotency_key = incoming.idempotency_key};
}

// The customer writes and the AI has the conversation, or nobody yet.
Handled for_ai(Conversation& conversation, const Incoming& incoming) {
    std::optional<Revision> workflow;
    std::optional<Handover> handover;
    try {
        workflow = workflow_of(conversation.workflow);
        if (!workflow) handover = Handover{.reason = "No workflow is loaded"};
    } catch (const UnreadableDefinition&) {
        handover = Handover{.reason = "The workflow cannot be read"};
    }
    if (workflow)
        if (const auto hit = explicit_request(workflow->workflow->hil, incoming.text))
            handover = Handover{.reason = hit->reason};
    const std::int64_t message = add_message(conversation, stored_form(incoming));
    if (handover) {
        const HilConfig config = workflow ? workflow->workflow->hil : HilConfig{};
        const std::optional<Agent> agent = hand_over(conversation, *handover, config);
        return {message, handover_answer(conversation, agent, config)};
    }
    // A live run takes the message into its input if it has not started, else the next run does.
    std::optional<std::int64_t> run = live_run(conversation.id);
    if (!run) run = queue_run(conversation, *workflow);
    save(conversation);
    return {message,
            {{"status", "ai_processing"}, {"conversation_id", conversation.id.text()}, {"run_id", *run}}};
}

Handled for_queue(Conversation& conversation, const Incoming& incoming) {
    const std::int64_t message = add_message(conversation, stored_form(incoming));
    save(conversation);
    const std::optional<Duration> wait = estimated_wait(conversation.id);
    return {message,
            {{"status", "pending_human"},
             {"conversation_id", conversation.id.text()},
             {"message", message_text(config_of(conversation.workflow), "queued")},
             {"queue_position", position(conversation.id)},
             {"estimated_wait_seconds", wait ? Json(std::llround(wait->seconds())) : Json()}}};
}

Handled for_agent(Conversation& conversation, const Incoming& incoming) {
    const std::int64_t message = add_message(conversation, stored_form(incoming));
    save(conversation);
    return {message,
            {{"status", "human_active"},
             {"conversation_id", conversation.id.text()},
             {"message", message_text(config_of(conversation.workflow), "sent_to_agent")},
             {"agent_name", agent_name(conversation.agent.value())}}};
}

[[noreturn]] void refuse_state(const Conversation& conversation, const char* hint) {
    throw Refusal(Reason::wrong_state,
                  "Invalid conversation state: conversation " + conversation.id.text() + " is " +
                      std::string(name(conversation.state)),
                  hint);
}

Handled from_customer(Conversation& conversation, const Incoming& incoming) {
    switch (conversation.state) {
        case State::pending_human:
            return for_queue(conversation, incoming);
        case State::human_active:
            return for_agent(conversation, incoming);
        case State::handover:
            refuse_state(conversation,
                         "No conversation rests in this state; hil_doctor() shows what is wrong.");
        default:
            return for_ai(conversation, incoming);
    }
}

Handled from_agent(Conversation& conversation, const Incoming& incoming) {
    const std::string name = agent_name(*incoming.agent);
    if (conversation.state != State::human_active)
        refuse_state(conversation, "A human agent can write only while the conversation is human_active.");
    require_assigned(conversation, *incoming.agent);
    const std::int64_t message = add_message(conversation, stored_form(incoming));
    conversation.answered_through = message;
    save(conversation);
    note_sign_of_life(*incoming.agent);
    return {message,
            {{"status", "human_active"},
             {"conversation_id", conversation.id.text()},
             {"response", incoming.text},
             {"handled_by", "human"},
             {"agent_name", name}}};
}

}  // namespace

Json handle_message(const Incoming& incoming) {
    if (incoming.agent) agent_name(*incoming.agent);
    Conversation conversation =
        incoming.agent ? lock(incoming.conversation) : lock_or_create(incoming.conversation);
    if (incoming.idempotency_key)
        if (std::optional<Json> before = answer_given(conversation.id, *incoming.idempotency_key))
            return *before;
    Handled handled =
        incoming.agent ? from_agent(conversation, incoming) : from_customer(conversation, incoming);
    handled.answer["message_id"] = handled.message;
    if (incoming.idempotency_key) keep_answer(conversation.id, handled.message, handled.answer);
    return handled.answer;
}

}  // namespace hil::engine
