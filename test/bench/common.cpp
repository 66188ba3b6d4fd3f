#include <stdexcept>
#include <thread>

#include "figures.hpp"
#include "scheduler.hpp"
#include "server.hpp"

namespace hil::bench {

void create_flow(int agents, int conversations) {
    create_database(flow_database);
    run_file(flow_database, "flow.sql",
             {{"agents", std::to_string(agents)}, {"conversations", std::to_string(conversations)}});
}

void require_waiting(const Queue& queue) {
    Client server("postgres");
    if (!server.run("SELECT FROM pg_database WHERE datname = $1", {queue.database}).empty()) return;
    create_database(queue.database);
    run_file(queue.database, "waiting.sql", {{"entries", std::to_string(queue.entries)}});
    Client client(queue.database);
    await_folded(client);
    run_file(queue.database, "rest.sql");
}

std::vector<std::string> waiting_ids(Client& client) {
    return list(client,
                "SELECT conversation_id FROM hil.agent_queue WHERE status = 'pending' ORDER BY "
                "hashint8(ticket) LIMIT 20000");
}

void await_folded(Client& client) {
    const Clock::time_point deadline = Clock::now() + std::chrono::minutes(2);
    while (!client.run("SELECT FROM hil.queue_count_deltas ORDER BY id LIMIT 1").empty()) {
        if (Clock::now() > deadline) throw std::runtime_error("the counts are not folded after two minutes");
        client.run("SELECT hil_tick()");
    }
}

void await_relay(Client& client) {
    if (!has_scheduler(client)) return;
    while (client.one("SELECT NOT EXISTS (SELECT FROM hil.outbox ORDER BY id LIMIT 1) AND "
                      "coalesce((SELECT max(seq) FROM hil.events) = (SELECT max(seq) FROM "
                      "hil.announced_through), true)") != "t")
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void require_all_well(Client& client) {
    for (const Row& row : client.run("SELECT check_name, detail FROM hil_doctor() WHERE NOT ok"))
        throw std::runtime_error("hil_doctor: " + row.at(0).value_or("") + ": " + row.at(1).value_or(""));
}

}  // namespace hil::bench
