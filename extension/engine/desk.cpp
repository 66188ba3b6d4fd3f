#include "engine/desk.hpp"

#include "core/refusal.hpp"
#include "core/run_result.hpp"
#include "core/text.hpp"
#include "core/triggers.hpp"
#include "engine/agents.hpp"
#include "engine/analytics.hpp"
#include "engine/events.hpp"
#include "engine/matching.hpp"
#include "engine/messages.hpp"
#include "engine/positions.hpp"
#include "engine/runs.hpp"
#include "engine/settings.hpp"
#include "engine/workflows.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;

const pg::Statement<Uuid, std::string, std::string, JsonText, Uuid> insert_event{
    "INSERT INTO hil.handover_events (conversation_id, from_type, to_type, reason, context, agent_id) "
    "VALUES ($1, 'human', $2, $3, $4, $5)"};

[[noreturn]] void refuse_state(const Conversation& conversation, const char* act, const char* hint) {
    throw Refusal(Reason::wrong_state,
                  "conversation " + conversation.id.text() + " is " + std::string(name(conversation.state)) +
                      " and cannot be " + act,
                  hint);
}

// Locks a conversation that `agent` must have.
Conversation lock_of_agent(const Uuid& id, const Uuid& agent, const char* act) {
    agent_name(agent);
    Conversation conversation = lock(id);
    if (conversation.state != State::human_active)
        refuse_state(conversation, act,
                     "Only a conversation that is human_active can; hil_inbox lists an agent's.");
    require_assigned(conversation, agent);
    return conversation;
}

Json answer_of(const Conversation& conversation) {
    return {{"status", name(conversation.state)}, {"conversation_id", conversation.id.text()}};
}

Json ids(const std::vector<Uuid>& conversations) {
    Json list = Json::array();
    for (const Uuid& id : conversations) list.push_back(id.text());
    return list;
}

// What transfer and decline share: the entry goes back, and then the freed agent takes the next one.
Json pass_on(Conversation& conversation, const std::string& reason, const Requeue& change) {
    const Uuid from = conversation.agent.value();
    Entry entry = lock_entry(conversation);
    const std::optional<Agent> next = return_to_queue(conversation, entry, reason, change);
    if (change.next_agent && !next)
        throw Refusal(Reason::wrong_state,
                      "agent " + change.next_agent->text() + " is not online or has no free slot",
                      "Name another agent, or leave to_agent out and the queue finds one.");
    const std::vector<Uuid> taken = fill_agent(from);
    Json answer = answer_of(conversation);
    if (next) {
        answer["agent_id"] = next->id.text();
        answer["agent_name"] = next->name;
    } else {
        answer["queue_position"] = position(conversation.id);
    }
    answer["assigned"] = ids(taken);
    return answer;
}

}  // namespace

void require_assigned(const Conversation& conversation, const Uuid& agent) {
    if (conversation.agent == agent) return;
    throw Refusal(Reason::not_allowed,
                  "conversation " + conversation.id.text() + " is not assigned to agent " + agent.text(),
                  "Only the agent who has it may do this; hil_conversation says who that is, and with "
                  "hil_transfer they pass it on. hil_inbox lists an agent's conversations.");
}

Json resolve(const Uuid& id, const Uuid& agent, const Resolution& resolution) {
    if (!is_resolution_status(resolution.status))
        throw Refusal(Reason::invalid_argument, "resolution_status is " + in_quotes(resolution.status),
                      "Pass resolved, unresolved or escalated.");
    Conversation conversation = lock_of_agent(id, agent, "resolved");
    leave_queue(conversation, true);
    conversation.move(State::resolved);
    close(conversation, {.resolution_status = resolution.status, .agent = agent, .notes = resolution.notes});
    emit("resolved", id);
    Json answer = answer_of(conversation);
    answer["resolution_status"] = resolution.status;
    answer["assigned"] = ids(fill_agent(agent));
    return answer;
}

Json back_to_ai(const Uuid& id, const std::optional<std::string>& instructions,
                const std::optional<Uuid>& agent) {
    if (agent) agent_name(*agent);
    Conversation conversation = lock(id);
    if (!conversation.with_people())
        refuse_state(conversation, "given back to the AI",
                     "Only people who have a conversation can give it back.");
    if (agent) require_assigned(conversation, *agent);
    if (!workflow_of(conversation.workflow))
        throw Refusal(Reason::wrong_state,
                      "no workflow is loaded, so there is no AI to give the conversation to",
                      "Load one with hil_load_workflow or `hil-worker load FILE`.");
    const std::optional<Uuid> freed = conversation.agent;
    const std::optional<std::int64_t> run = give_to_ai(
        conversation, {.reason = instructions ? clean_reason(*instructions) : "given back to the AI",
                       .instructions = instructions,
                       .agent = agent});
    Json answer = answer_of(conversation);
    if (run) answer["run_id"] = *run;
    answer["assigned"] = ids(freed ? fill_agent(*freed) : std::vector<Uuid>{});
    return answer;
}

std::optional<std::int64_t> give_to_ai(Conversation& conversation, const HandBack& hand_back) {
    const auto& instructions = hand_back.instructions;
    leave_queue(conversation, hand_back.agent.has_value());
    conversation.move(State::back_to_ai);
    conversation.consecutive_errors = 0;
    insert_event(
        conversation.id, "ai", hand_back.reason,
        instructions ? std::optional(JsonText{Json{{"instructions", *instructions}}.dump()}) : std::nullopt,
        hand_back.agent);
    std::optional<std::int64_t> run;
    // Whoever wrote and got no reply from people is not left waiting for their own next message.
    if (instructions || customer_wrote_after(conversation.id, conversation.answered_through))
        run = queue_run(conversation, loaded_workflow_of(conversation.workflow), instructions);
    save(conversation);
    emit("back_to_ai", conversation.id);
    return run;
}

std::optional<Agent> return_to_queue(Conversation& conversation, Entry& entry, const std::string& reason,
                                     const Requeue& change) {
    const Uuid from = conversation.agent.value();
    requeue(conversation, entry, change);
    insert_event(conversation.id, "human", reason, JsonText{Json{{"from_agent", from.text()}}.dump()},
                 std::nullopt);
    std::optional<Agent> next =
        change.next_agent ? assign_to(conversation, entry, *change.next_agent) : assign(conversation, entry);
    save(conversation);
    if (!next) emit("no_agents", conversation.id, std::nullopt, {{"priority", entry.priority}});
    return next;
}

Json transfer(const Uuid& id, const Uuid& agent, const Transfer& transfer) {
    if (transfer.to_agent) agent_name(*transfer.to_agent);
    if (transfer.to_agent == agent)
        throw Refusal(Reason::invalid_argument, "to_agent is the agent who has the conversation",
                      "Name another agent, or leave to_agent out.");
    Conversation conversation = lock_of_agent(id, agent, "transferred");
    std::optional<Route> other_route;
    if (transfer.skills)
        other_route =
            route(config_of(conversation.workflow), *transfer.skills, transfer.priority, settings::general());
    return pass_on(
        conversation, clean_reason(transfer.reason),
        {.route = std::move(other_route), .priority = transfer.priority, .next_agent = transfer.to_agent});
}

Json decline(const Uuid& id, const Uuid& agent, const std::optional<std::string>& reason) {
    Conversation conversation = lock_of_agent(id, agent, "declined");
    return pass_on(conversation, reason ? clean_reason(*reason) : "declined", {});
}

Json cancel(const Uuid& id, const std::optional<std::string>& reason) {
    Conversation conversation = lock(id);
    if (conversation.state != State::pending_human)
        refuse_state(conversation, "cancelled",
                     "Only a conversation that waits (pending_human) can be cancelled.");
    leave_queue(conversation, false);
    conversation.move(State::resolved);
    close(conversation, {.resolution_status = "unresolved", .agent = std::nullopt, .notes = reason});
    emit("resolved", id);
    return answer_of(conversation);
}

}  // namespace hil::engine
