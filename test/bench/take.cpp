// Q3: an agent has a slot and takes the first entry that matches.
#include "figures.hpp"
#include "ours.hpp"

namespace hil::bench {

void take(Report& report) {
    require_waiting(small_queue);
    require_waiting(big_queue);
    Client big(big_queue.database);
    const std::string covered =
        big.one("SELECT array_agg(skill_set_id) FROM bench.sets WHERE skills && '{t0,t1}'");
    const std::vector<Outcome> all =
        take_turns({our_take(big_queue.database), our_take(small_queue.database),
                    take_by(big_queue.database, "SELECT bench.take($1, $2, $3)", {covered})},
                   latency_turns);
    report.latencies("Q3 freed agent takes, 1,000,000 waiting", all[0], "1,000 waiting", all[1],
                     at_most(1.3));
    report.latencies("Q3 freed agent takes, 1,000,000 waiting", all[0], "probes and writes in plpgsql",
                     all[2], at_most(1.5));
}

}  // namespace hil::bench
