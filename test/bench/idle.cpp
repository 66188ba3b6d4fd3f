// Q9: what the schedulers cost while there is nothing to do.
#include <algorithm>
#include <cmath>
#include <thread>

#include "figures.hpp"
#include "scheduler.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

constexpr std::chrono::seconds window{4};
constexpr int windows = 4;

struct Cost {
    double of_a_core;
    double bytes;
};

// WAL and growth are the whole server's. Another process may write at any moment, autovacuum for one.
Cost observe(Client& client) {
    const std::string position =
        "SELECT pg_current_wal_insert_lsn() - '0/0' + "
        "(SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = 'hil'::regnamespace "
        " AND relkind IN ('r', 'S'))";
    const pid_t scheduler = scheduler_of(client);
    const double bytes = std::stod(client.one(position));
    const double busy = processor_time(scheduler);
    std::this_thread::sleep_for(window);
    return {(processor_time(scheduler) - busy) / 1e9 / std::chrono::duration<double>(window).count(),
            std::stod(client.one(position)) - bytes};
}

}  // namespace

void idle(Report& report) {
    require_waiting(big_queue);
    Client client(big_queue.database);
    if (!has_scheduler(client)) return report.note("Q9", "no scheduler runs");
    client.execute("CHECKPOINT");
    std::vector<double> of_a_core;
    double bytes = observe(client).bytes;  // and leaves behind what the checkpoint still had to write
    for (int number = 0; number < windows; ++number) {
        const Cost cost = observe(client);
        of_a_core.push_back(cost.of_a_core);
        bytes = number == 0 ? cost.bytes : std::min(bytes, cost.bytes);
    }
    const double busy = median(of_a_core);
    report.line("Q9 idle scheduler, 1,000,000 waiting", percent(busy), "of a core", percent(0.001),
                busy / 0.001, at_most(1));
    report.line("Q9 idle scheduler, WAL and growth", std::to_string(std::lround(bytes)) + " B", "", "0 B",
                bytes, at_most(0));
}

}  // namespace hil::bench
