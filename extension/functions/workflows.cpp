// hil_load_workflow, hil_activate_workflow, hil_workflow_definition: see their COMMENTs in hil--0.1.sql.
#include "engine/workflows.hpp"

#include "functions/arguments.hpp"

using namespace hil;
using namespace hil::functions;

HIL_FUNCTION(hil_load_workflow) {
    return pg::Value(engine::load_workflow(arguments.json_object(0, "definition"),
                                           arguments.maybe_nonblank_text(1, "source", max_source_bytes)));
}

HIL_FUNCTION(hil_activate_workflow) {
    engine::activate_workflow(arguments.nonblank_text(0, "name", max_name_bytes),
                              arguments.required<std::int32_t>(1, "revision"));
    return pg::nothing();
}

HIL_FUNCTION(hil_workflow_definition) {
    return pg::Value(engine::definition(arguments.nonblank_text(0, "name", max_name_bytes),
                                        arguments.required<std::int32_t>(1, "revision")));
}
