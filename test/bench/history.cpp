// Q8: an hour's work in the tables, a million conversations closed and ten million events: the same again.
#include <thread>

#include "figures.hpp"
#include "ours.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

// The big queue and, beside it, what an hour leaves behind.
void create_history() {
    require_waiting(big_queue);
    copy_database(big_queue.database, history_database);
    run_file(history_database, "flow.sql", {{"agents", "1000"}, {"conversations", "100000"}});
    const Variables size = {{"closed", "1000000"}};
    run_file(history_database, "history_names.sql", size);
    {
        const std::jthread rows([&] { run_file(history_database, "history.sql", size); });
        const std::jthread events([&] { run_file(history_database, "history_events.sql", size); });
    }
    run_file(history_database, "rest.sql");
}

}  // namespace

void history(Report& report) {
    create_history();
    create_flow(1000, 100'000);
    run_file(flow_database, "rest.sql");
    const Turns busy{.clients = 8};

    std::vector<Outcome> all =
        take_turns({our_handover(history_database), our_handover(flow_database)}, busy);
    report.rates("Q8 hand-over, 8 clients, after an hour", all[0], "empty", all[1], at_least(0.9));
    all = take_turns({our_message(history_database), our_message(flow_database)}, busy);
    report.rates("Q8 message to the AI, 8 clients, after an hour", all[0], "empty", all[1], at_least(0.9));
    // 0.9 times as fast is 1.11 times as long.
    all = take_turns({our_position(history_database), our_position(big_queue.database)}, latency_turns);
    report.latencies("Q8 position, after an hour", all[0], "empty", all[1], at_most(1.11));
    all = take_turns({our_take(history_database), our_take(big_queue.database)}, latency_turns);
    report.latencies("Q8 freed agent takes, after an hour", all[0], "empty", all[1], at_most(1.11));
}

}  // namespace hil::bench
