// hil_create_conversation, hil_handle_message, hil_handover, hil_rate, hil_conversation, hil_customer_view:
// see their COMMENTs in hil--0.1.sql.
#include "engine/conversations.hpp"

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "engine/agents.hpp"
#include "engine/analytics.hpp"
#include "engine/customer_view.hpp"
#include "engine/handovers.hpp"
#include "engine/intake.hpp"
#include "functions/arguments.hpp"

using namespace hil;
using namespace hil::functions;
using pg::Uuid;

HIL_FUNCTION(hil_create_conversation) {
    return pg::Value(engine::create_conversation(arguments.maybe<Uuid>(0),
                                                 arguments.maybe_nonblank_text(1, "workflow", max_name_bytes),
                                                 arguments.json_object(2, "metadata").text));
}

HIL_FUNCTION(hil_handle_message) {
    engine::Incoming incoming{
        .conversation = arguments.required<Uuid>(0, "conversation_id"),
        .text = arguments.nonblank_text(1, "message", message_limit()),
        .agent = arguments.maybe<Uuid>(3),
        .idempotency_key = arguments.maybe_nonblank_text(4, "idempotency_key", max_name_bytes),
        .metadata = arguments.json_object(5, "metadata").text};
    const auto sender = arguments.required<std::string>(2, "sender_type");
    if (sender != "user" && sender != "agent")
        throw Refusal(Reason::invalid_argument, "sender_type is " + in_quotes(sender),
                      "Pass user for the customer, or agent with agent_id for the human agent.");
    if ((sender == "agent") != incoming.agent.has_value())
        throw Refusal(Reason::invalid_argument,
                      incoming.agent ? "agent_id is given for a message of the customer"
                                     : "agent_id is missing for a message of a human agent",
                      "Pass agent_id with sender_type agent, and only then.");
    if (incoming.agent) engine::require_caller_may_act_as(incoming.agent);
    return engine::handle_message(incoming);
}

HIL_FUNCTION(hil_handover) {
    const auto context = arguments.maybe_json_object(4, "context");
    engine::Handover handover{.reason = arguments.nonblank_text(1, "reason", max_reason_bytes),
                              .skills = maybe_skills(arguments, 2, "required_skills"),
                              .priority = maybe_priority(arguments, 3),
                              .context = context ? context->text : pg::JsonText{"{}"},
                              .notice = "handover"};
    return engine::hand_over_on_request(arguments.required<Uuid>(0, "conversation_id"), handover);
}

HIL_FUNCTION(hil_rate) {
    engine::rate(arguments.required<Uuid>(0, "conversation_id"),
                 arguments.required<double>(1, "satisfaction"));
    return pg::nothing();
}

HIL_FUNCTION(hil_conversation) {
    return pg::Value(engine::describe(arguments.required<Uuid>(0, "conversation_id"),
                                      arguments.required<std::int32_t>(1, "last_messages")));
}

HIL_FUNCTION(hil_customer_view) {
    return pg::Value(engine::customer_view(arguments.required<Uuid>(0, "conversation_id"),
                                           arguments.required<std::int32_t>(1, "last_messages")));
}
