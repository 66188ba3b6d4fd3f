// hil_tick, hil_events_since, hil_doctor, hil_purge, hil_grant: see their COMMENTs in hil--0.1.sql.
#include "engine/doctor.hpp"
#include "engine/grants.hpp"
#include "engine/relay.hpp"
#include "engine/retention.hpp"
#include "engine/rounds.hpp"
#include "functions/arguments.hpp"

using namespace hil;
using namespace hil::functions;
using pg::Duration;

HIL_FUNCTION(hil_tick) { return engine::tick(); }

HIL_FUNCTION(hil_events_since) {
    return engine::events_since(arguments.maybe<std::int64_t>(0),
                                arguments.required<std::int32_t>(1, "max_events"));
}

HIL_FUNCTION(hil_doctor) { return engine::examine(); }

HIL_FUNCTION(hil_purge) { return pg::Value(engine::purge(arguments.required<Duration>(0, "older_than"))); }

HIL_FUNCTION(hil_grant) {
    engine::grant(arguments.role(0, "role_name"), arguments.nonblank_text(1, "profile", max_name_bytes));
    return pg::nothing();
}
