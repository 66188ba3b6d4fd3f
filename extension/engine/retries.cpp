#include "engine/retries.hpp"

#include "pg/session.hpp"
#include "pg/statement.hpp"

namespace hil::engine {
namespace {

using pg::Timestamp;

const pg::Statement<Timestamp, Timestamp, std::int32_t> count_due{
    "SELECT count(*) FROM (SELECT FROM hil.runs WHERE status = 'queued' AND run_after > $1 AND run_after <= "
    "$2 "
    "AND attempt > 0 LIMIT $3) r"};

}  // namespace

std::int64_t wake_for_retries(std::int32_t at_most) {
    static Timestamp looked_at = pg::clock_now();
    const Timestamp now = pg::clock_now();
    const auto due = count_due(looked_at, now, at_most).front().get<std::int64_t>(0);
    looked_at = now;
    if (due > 0) pg::notify("hil_runs", Json{{"type", "run_due"}, {"timestamp", pg::iso8601(now)}}.dump());
    return due;
}

}  // namespace hil::engine
