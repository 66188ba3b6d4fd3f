// Peers: job queues in PostgreSQL for Node, on the same server, beside what hil does for a worker.
#include "peers.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include "events.hpp"
#include "figures.hpp"
#include "report.hpp"
#include "server.hpp"
#include "turns.hpp"

namespace hil::bench {
namespace {

constexpr int sessions = 8;
constexpr int rounds = 5;
constexpr int turns = 500;
constexpr int pickups = 20;

// A whole turn of the AI over SQL, without the model: claims a run, reports a step, completes it with an
// answer.
void work_off(Client& client) {
    for (;;) {
        const Rows claimed = client.run("SELECT run_id, attempt FROM hil_claim_runs('bench')");
        if (claimed.empty()) return;
        const Value run = claimed[0].at(0);
        const Value attempt = claimed[0].at(1);
        client.run("SELECT hil_record_step($1, $2, 'answer', '{\"answer\": \"It comes tomorrow.\"}')",
                   {run, attempt});
        client.run("SELECT hil_complete_run($1, $2, '{\"sink\": \"REPLY\"}')", {run, attempt});
    }
}

double turns_per_second(Client& client, Supply& supply, std::vector<Client>& workers) {
    for (int number = 0; number < turns; ++number)
        client.run("SELECT hil_handle_message($1, $2)", {supply.next(), message_text});
    await_relay(client);
    const auto begin = Clock::now();
    {
        std::vector<std::jthread> threads;
        threads.reserve(workers.size());
        for (Client& worker : workers) threads.emplace_back([&worker] { work_off(worker); });
    }
    await_relay(client);
    return turns / std::chrono::duration<double>(Clock::now() - begin).count();
}

// From the call that brings the message to the run in the hands of a session that listens for runs.
double pickup(Client& client, Supply& supply) {
    Client worker(flow_database);
    worker.execute("LISTEN hil_runs");
    std::vector<double> latencies;
    for (int number = 0; number < pickups; ++number) {
        const auto begin = Clock::now();
        client.run("SELECT hil_handle_message($1, $2)", {supply.next(), message_text});
        // What is heard may be of the run before.
        Rows claimed;
        while (claimed.empty()) {
            next(worker);
            claimed = worker.run("SELECT run_id, attempt FROM hil_claim_runs('bench')");
        }
        latencies.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
        worker.run("SELECT hil_complete_run($1, $2, '{\"sink\": \"REPLY\"}')", claimed.at(0));
    }
    return median(std::move(latencies));
}

}  // namespace

void peers(Report& report) {
    if (!std::filesystem::exists(peers_folder + "/node_modules/pg-boss"))
        return report.note("peers", "not measured: node or npm is missing, or npm could not install them");
    create_flow(1, 20'000);
    run_file(flow_database, "rest.sql");
    create_database(peers_database);
    Client client(flow_database);
    Supply supply(list(client, "SELECT id FROM hil.conversations"));
    Peer graphile("graphile.js");
    Peer boss("boss.js");
    std::vector<double> jobs, graphile_jobs, boss_jobs, waits, boss_waits;
    std::vector<Client> workers;
    workers.reserve(sessions);
    for (int number = 0; number < sessions; ++number) workers.emplace_back(flow_database);
    turns_per_second(client, supply, workers);
    graphile.ask("jobs", turns);
    boss.ask("jobs", turns);
    for (int round = 0; round < rounds; ++round) {
        jobs.push_back(turns_per_second(client, supply, workers));
        graphile_jobs.push_back(graphile.ask("jobs", turns));
        boss_jobs.push_back(boss.ask("jobs", turns));
        waits.push_back(pickup(client, supply));
        // It polls, so each takes half a second or so.
        boss_waits.push_back(boss.ask("pickup", 3) / 1000);
    }
    const auto line = [&](const char* name, const std::vector<double>& theirs) {
        report.line("peers: AI turns over SQL, 8 sessions", per_second(median(jobs)),
                    std::string(name) + ", empty jobs", per_second(median(theirs)), ratio(jobs, theirs), {});
    };
    line("graphile-worker", graphile_jobs);
    line("pg-boss", boss_jobs);
    report.line("peers: message to claimed run, a session that listens", milliseconds(median(waits)),
                "pg-boss, job started", milliseconds(median(boss_waits)), ratio(waits, boss_waits), {});
}

}  // namespace hil::bench
