// hil_queue_position, hil_estimated_wait, hil_explain_assignment: see their COMMENTs in hil--0.1.sql.
#include "engine/queue.hpp"

#include "engine/positions.hpp"
#include "engine/waiting_time.hpp"
#include "functions/arguments.hpp"

using namespace hil;
using pg::Uuid;

HIL_FUNCTION(hil_queue_position) {
    return pg::Value(engine::position(arguments.required<Uuid>(0, "conversation_id")));
}

HIL_FUNCTION(hil_estimated_wait) {
    const auto wait = engine::estimated_wait(arguments.required<Uuid>(0, "conversation_id"));
    return wait ? pg::Value(*wait) : pg::Value();
}

HIL_FUNCTION(hil_explain_assignment) {
    return engine::explain_assignment(arguments.required<Uuid>(0, "conversation_id"));
}
