#include "engine/waking_workers.hpp"

#include "pg/range.hpp"
#include "pg/session.hpp"

namespace hil::engine {
namespace {

using pg::Timestamp;

// A run becomes due when it is written, and is seen when that is committed; most commits take less.
constexpr std::int64_t longest_commit = 20'000;

// Where one message follows the other, workers hear of them by what the relay announces, and that often
// enough.
constexpr std::int64_t shortest_pause = 5'000;

const pg::Statement<Timestamp, Timestamp> find_due{
    "SELECT FROM hil.runs WHERE status = 'queued' AND run_after > $1 AND run_after <= $2 LIMIT 1"};

bool any_due(Timestamp after, Timestamp now) {
    bool found = false;
    const auto stop_at_first = [&](const pg::Cell*) {
        found = true;
        return false;
    };
    const pg::Range due{
        "runs", "runs_due", {{1, pg::Bound::Is::above, after}, {1, pg::Bound::Is::at_most, now}}};
    const bool read = pg::on_one_snapshot([&] { return pg::visit(due, stop_at_first); });
    return read ? found : find_due(after, now).processed > 0;
}

}  // namespace

std::int64_t wake_workers(std::int32_t /*at_most*/) {
    static Timestamp looked_at = pg::clock_now(), woken_at{};
    const Timestamp now = pg::clock_now();
    // The clock may be set back.
    if (now.microseconds >= woken_at.microseconds && (now - woken_at).microseconds < shortest_pause) return 0;
    const Timestamp after{looked_at.microseconds - longest_commit};
    looked_at = now;
    if (!any_due(after, now)) return 0;
    pg::notify("hil_runs", Json{{"type", "run_due"}, {"timestamp", pg::iso8601(now)}}.dump());
    woken_at = now;
    return 1;
}

}  // namespace hil::engine
