// hil_resolve, hil_back_to_ai, hil_transfer, hil_decline, hil_cancel: see their COMMENTs in hil--0.1.sql.
#include "engine/desk.hpp"

#include "engine/agents.hpp"
#include "functions/arguments.hpp"

using namespace hil;
using namespace hil::functions;
using pg::Uuid;

namespace {

// The agent in whose name the call is made, who must be the caller's own where the caller is an agent's role.
Uuid acting_agent(const pg::Arguments& arguments, int position) {
    const Uuid agent = arguments.required<Uuid>(position, "agent_id");
    engine::require_caller_may_act_as(agent);
    return agent;
}

}  // namespace

HIL_FUNCTION(hil_resolve) {
    const auto conversation = arguments.required<Uuid>(0, "conversation_id");
    const Uuid agent = acting_agent(arguments, 2);
    return engine::resolve(conversation, agent,
                           {.notes = arguments.text(1, "resolution_notes", message_limit()),
                            .status = arguments.required<std::string>(3, "resolution_status")});
}

HIL_FUNCTION(hil_back_to_ai) {
    const auto conversation = arguments.required<Uuid>(0, "conversation_id");
    const auto agent = arguments.maybe<Uuid>(2);
    engine::require_caller_may_act_as(agent);
    return engine::back_to_ai(conversation, arguments.maybe_nonblank_text(1, "instructions", message_limit()),
                              agent);
}

HIL_FUNCTION(hil_transfer) {
    const auto conversation = arguments.required<Uuid>(0, "conversation_id");
    const Uuid agent = acting_agent(arguments, 1);
    return engine::transfer(conversation, agent,
                            {.reason = arguments.nonblank_text(2, "reason", max_reason_bytes),
                             .to_agent = arguments.maybe<Uuid>(3),
                             .skills = maybe_skills(arguments, 4, "required_skills"),
                             .priority = maybe_priority(arguments, 5)});
}

HIL_FUNCTION(hil_decline) {
    const auto conversation = arguments.required<Uuid>(0, "conversation_id");
    const Uuid agent = acting_agent(arguments, 1);
    return engine::decline(conversation, agent, arguments.maybe_nonblank_text(2, "reason", max_reason_bytes));
}

HIL_FUNCTION(hil_cancel) {
    const auto conversation = arguments.required<Uuid>(0, "conversation_id");
    return engine::cancel(conversation, arguments.maybe_nonblank_text(1, "reason", max_reason_bytes));
}
