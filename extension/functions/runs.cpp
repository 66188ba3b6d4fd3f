// hil_claim_runs, hil_renew_runs, hil_record_step, hil_record_calls, hil_complete_run, hil_fail_run: see
// their COMMENTs in hil--0.1.sql.
#include "engine/checkpoints.hpp"
#include "engine/leases.hpp"
#include "engine/reports.hpp"
#include "functions/arguments.hpp"

using namespace hil;
using namespace hil::functions;
using pg::Duration;

namespace {

engine::Attempt attempt(const pg::Arguments& arguments) {
    return {arguments.required<std::int64_t>(0, "run_id"), arguments.required<std::int32_t>(1, "attempt")};
}

}  // namespace

HIL_FUNCTION(hil_claim_runs) {
    return engine::claim_runs(arguments.nonblank_text(0, "worker", max_name_bytes),
                              arguments.required<std::int32_t>(1, "max_runs"),
                              arguments.required<Duration>(2, "lease"));
}

HIL_FUNCTION(hil_renew_runs) {
    return pg::Value(engine::renew_runs(arguments.nonblank_text(0, "worker", max_name_bytes),
                                        arguments.required<std::vector<std::int64_t>>(1, "run_ids"),
                                        arguments.required<Duration>(2, "lease")));
}

HIL_FUNCTION(hil_record_step) {
    const engine::Attempt whose = attempt(arguments);
    std::string node = arguments.nonblank_text(2, "node", max_name_bytes);
    pg::Document output = arguments.json(3, "output");
    return engine::record_step(whose, read_step(std::move(node), std::move(output.json), output.text.text,
                                                arguments.json_object(4, "usage").json));
}

HIL_FUNCTION(hil_record_calls) {
    const engine::Attempt whose = attempt(arguments);
    const std::string node = arguments.nonblank_text(2, "node", max_name_bytes);
    return engine::record_calls(whose, read_calls(arguments.json(3, "calls").json, node));
}

HIL_FUNCTION(hil_complete_run) {
    return engine::complete_run(attempt(arguments), arguments.json_object(2, "result"));
}

HIL_FUNCTION(hil_fail_run) {
    const engine::Attempt whose = attempt(arguments);
    std::string error = arguments.nonblank_text(2, "error", max_error_bytes);
    return engine::fail_run(whose, std::move(error), arguments.required<bool>(3, "retryable"),
                            arguments.maybe<Duration>(4));
}

HIL_FUNCTION(hil_report_runs) { return engine::report_runs(arguments.json(0, "reports").json); }

HIL_FUNCTION(hil_run_steps) {
    return engine::steps_of(arguments.required<pg::Uuid>(0, "conversation_id"),
                            arguments.maybe<pg::Timestamp>(1));
}
