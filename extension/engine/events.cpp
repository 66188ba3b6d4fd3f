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
    insert(conversation, agent, type, JsonText{payload.dump()}, nobody_relays_soon);
    if (nobody_relays_soon) announce(type, conversation, agent, std::move(payload));
    wake_at_commit();
}

void announce(std::string_view type, const std::optional<Uuid>& conversation,
              const std::optional<Uuid>& agent, Json payload) {
    const Audience& audience = audience_of(type);
    const std::string text = payload.dump();
    if (audience.runs) pg::notify("hil_runs", text);
    if (audience.queue) pg::notify("hil_queue", text);
    if (audience.agent && agent) pg::notify("hil_agent_" + agent->text(), text);
    if (!audience.conversation || !conversation) return;
    if (agent) payload["agent_id"] = agent->text();
    pg::notify("hil_conversation_" + conversation->text(), agent ? payload.dump() : text);
}

}  // namespace hil::engine
