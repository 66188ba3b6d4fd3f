#include "engine/events.hpp"

#include <string_view>

#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;

const pg::Statement<Uuid, Uuid, std::string, JsonText> insert{
    "INSERT INTO hil.outbox (conversation_id, agent_id, type, payload) VALUES ($1, $2, $3, $4)"};

}  // namespace

void emit(const char* type, const Uuid& conversation, const std::optional<Uuid>& agent, const Json& more) {
    Json payload = more;
    payload["type"] = type;
    payload["conversation_id"] = conversation.text();
    payload["timestamp"] = pg::iso8601(pg::clock_now());
    const std::string text = payload.dump();
    insert(conversation, agent, type, JsonText{text});

    const std::string_view what = type;
    if (what == "run_queued") return pg::notify("hil_runs", text);
    if (what == "no_agents") return pg::notify("hil_queue", text);
    if (agent) {
        pg::notify("hil_agent_" + agent->text(), text);
        payload["agent_id"] = agent->text();
    }
    pg::notify("hil_conversation_" + conversation.text(), payload.dump());
}

}  // namespace hil::engine
