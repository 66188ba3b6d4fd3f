// Q9: what the schedulers cost while there is nothing to do.
#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "figures.hpp"
#include "scheduler.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

constexpr std::chrono::seconds window{2};
constexpr int windows = 5;

struct Cost {
    double of_a_core;
    double bytes;
};

// WAL is the whole server's. Another process may write at any moment, autovacuum for one, and may also shrink
// a table, which makes up for nothing.
Cost observe(Client& client) {
    const pid_t scheduler = scheduler_of(client);
    const auto look = [&] {
        const Row row =
            client
                .run(
                    "SELECT pg_current_wal_insert_lsn() - '0/0', (SELECT sum(pg_total_relation_size(oid)) "
                    "FROM pg_class WHERE relnamespace = 'hil'::regnamespace AND relkind IN ('r', 'S'))")
                .at(0);
        return std::pair(std::stod(row.at(0).value()), std::stod(row.at(1).value()));
    };
    const auto [wal, size] = look();
    const double busy = processor_time(scheduler);
    std::this_thread::sleep_for(window);
    const double used = processor_time(scheduler) - busy;
    const auto [wal_then, size_then] = look();
    return {used / 1e9 / std::chrono::duration<double>(window).count(),
            wal_then - wal + std::max(0.0, size_then - size)};
}

}  // namespace

void idle(Report& report) {
    require_waiting(big_queue);
    Client client(big_queue.database);
    if (!has_scheduler(client)) return report.note("Q9", "no scheduler runs");
    client.execute("CHECKPOINT");
    std::vector<double> of_a_core;
    std::vector<double> bytes;
    for (int number = 0; number < windows; ++number) {
        const Cost cost = observe(client);
        of_a_core.push_back(cost.of_a_core);
        bytes.push_back(cost.bytes);
    }
    const double quietest = *std::min_element(bytes.begin(), bytes.end());
    const double busy = median(of_a_core);
    report.line("Q9 idle scheduler, 1,000,000 waiting", percent(busy), "of a core", percent(0.001),
                busy / 0.001, at_most(1));
    report.line("Q9 idle scheduler, WAL and growth", std::to_string(std::lround(quietest)) + " B", "", "0 B",
                quietest, at_most(0));
}

}  // namespace hil::bench
