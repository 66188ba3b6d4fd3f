// hil_add_agent, hil_find_agent, hil_set_agent_*, hil_agent_heartbeat, hil_inbox: see their COMMENTs in
// hil--0.1.sql.
#include "engine/agents.hpp"

#include "core/refusal.hpp"
#include "functions/arguments.hpp"

using namespace hil;
using namespace hil::functions;
using pg::Uuid;

namespace {

Uuid own_agent(const pg::Arguments& arguments) {
    const Uuid agent = arguments.required<Uuid>(0, "agent_id");
    engine::require_caller_may_act_as(agent);
    return agent;
}

}  // namespace

HIL_FUNCTION(hil_add_agent) {
    return pg::Value(engine::add_agent({.name = arguments.nonblank_text(0, "name", max_name_bytes),
                                        .email = arguments.nonblank_text(1, "email", max_name_bytes),
                                        .skills = skills(arguments, 2, "skills"),
                                        .max_capacity = arguments.required<std::int32_t>(3, "max_capacity"),
                                        .hourly_rate_usd = arguments.maybe<std::string>(4)}));
}

HIL_FUNCTION(hil_find_agent) {
    const Uuid agent = engine::agent_with_email(arguments.nonblank_text(0, "email", max_name_bytes));
    engine::require_caller_may_act_as(agent);
    return pg::Value(agent);
}

HIL_FUNCTION(hil_set_agent_status) {
    return engine::set_agent_status(own_agent(arguments), arguments.required<std::string>(1, "status"));
}

HIL_FUNCTION(hil_set_agent_skills) {
    return engine::set_agent_skills(own_agent(arguments), skills(arguments, 1, "skills"));
}

HIL_FUNCTION(hil_set_agent_capacity) {
    return engine::set_agent_capacity(own_agent(arguments),
                                      arguments.required<std::int32_t>(1, "max_capacity"));
}

HIL_FUNCTION(hil_agent_heartbeat) {
    engine::heartbeat(own_agent(arguments));
    return pg::nothing();
}

HIL_FUNCTION(hil_inbox) { return engine::inbox(own_agent(arguments)); }
