#include "engine/handovers.hpp"

#include "core/triggers.hpp"
#include "engine/events.hpp"
#include "engine/messages.hpp"
#include "engine/positions.hpp"
#include "engine/run_rows.hpp"
#include "engine/settings.hpp"
#include "engine/workflows.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

const pg::Insertion<Uuid, std::string, std::string, std::string, pg::JsonText, Uuid> insert_event{
    "handover_events", "conversation_id, from_type, to_type, reason, context, agent_id"};

}  // namespace

std::optional<Agent> hand_over(Conversation& conversation, const Handover& handover,
                               const HilConfig& config) {
    const Route way =
        route(config, handover.skills.value_or(SkillSet{}), handover.priority, settings::general());
    conversation.move(State::handover);
    cancel_live_run(conversation.id);
    conversation.move(State::pending_human);
    conversation.reason = clean_reason(handover.reason);
    conversation.new_context = handover.context;
    ++conversation.handover_count;
    std::optional<Agent> agent = enqueue(conversation, way);
    insert_event(conversation.id, "ai", "human", conversation.reason, handover.context,
                 agent ? std::optional(agent->id) : std::nullopt);
    save(conversation);
    emit("handover", conversation.id, std::nullopt, {{"priority", way.priority}});
    if (handover.notice != nullptr)
        add_message(conversation,
                    {.sender_type = "system", .content = message_text(config, handover.notice)});
    return agent;
}

Json handover_answer(const Conversation& conversation, const std::optional<Agent>& agent,
                     const HilConfig& config) {
    Json answer = {{"status", agent ? "human_active" : "handover"},
                   {"conversation_id", conversation.id.text()},
                   {"message", message_text(config, "handover")},
                   {"handled_by", agent ? "human" : "ai"},
                   {"reason", *conversation.reason}};
    if (agent) {
        answer["agent_id"] = agent->id.text();
        answer["agent_name"] = agent->name;
    } else {
        answer["queue_position"] = position(conversation.id);
    }
    return answer;
}

Json hand_over_on_request(const Uuid& id, const Handover& handover) {
    Conversation conversation = lock(id);
    const HilConfig config = config_of(conversation.workflow);
    const std::optional<Agent> agent = hand_over(conversation, handover, config);
    return handover_answer(conversation, agent, config);
}

}  // namespace hil::engine
