#include "engine/events.hpp"

#include "engine/wake.hpp"
#include "pg/session.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;

const pg::Insertion<Uuid, Uuid, std::string, JsonText, bool> insert{
    "outbox", "conversation_id, agent_id, type, payload, announced"};

// Who is told. What the table does not name is for those who have the conversation: its listeners, and the
// agent where one is named.
struct Audience {
    std::string_view type;
    bool runs, queue, agent, conversation;
};
constexpr Audience everything_else{"", false, false, true, true};
constexpr Audience audiences[] = {
    {"run_queued", true, false, false, false},   {"no_agents", false, true, false, false},
    {"sla_breached", false, true, false, true},  {"escalated", false, true, false, true},
    {"agent_offline", false, true, true, false},
};

const Audience& audience_of(std::string_view type) {
    for (const Audience& audience : audiences)
        if (audience.type == type) return audience;
    return everything_else;
}

}  // namespace

void emit(const char* type, const std::optional<Uuid>& conversation, const std::optional<Uuid>& agent,
          const Json& more) {
    Json payload = more;
    payload["type"] = type;
    if (conversation) payload["conversation_id"] = conversation->text();
    payload["timestamp"] = pg::iso8601(pg::clock_now());
    const bool nobody_relays_soon = !scheduler_runs_here();
    const std::string text = payload.dump();
    insert(conversation, agent, type, JsonText{text}, nobody_relays_soon);
    if (nobody_relays_soon) announce(type, conversation, agent, text);
    wake_at_commit();
}

void announce(std::string_view type, const std::optional<Uuid>& conversation,
              const std::optional<Uuid>& agent, const std::string& payload) {
    const Audience& audience = audience_of(type);
    if (audience.runs) pg::notify("hil_runs", payload);
    if (audience.queue) pg::notify("hil_queue", payload);
    if (audience.agent && agent) pg::notify("hil_agent_" + agent->text(), payload);
    if (!audience.conversation || !conversation) return;
    const std::string channel = "hil_conversation_" + conversation->text();
    pg::notify(channel, agent ? with_member(payload, "\"agent_id\":\"" + agent->text() + "\"") : payload);
}

std::string with_member(const std::string& object, const std::string& member) {
    const bool empty = object.find_first_not_of(" {") == object.find('}');
    return "{" + member + (empty ? "" : ",") + object.substr(object.find('{') + 1);
}

}  // namespace hil::engine
