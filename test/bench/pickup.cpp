// W2, W3: how soon an idle worker starts a run, and how long a workflow of five nodes takes beside its model.
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "figures.hpp"
#include "peers.hpp"
#include "server.hpp"
#include "turns.hpp"
#include "worker_process.hpp"

namespace hil::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int rounds = 5;
constexpr int messages = 20;

double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}

struct Latencies {
    double started;
    double reported;
};

// Medians, from the call that brings a message to the lines in the worker's log that say that its run has
// started, and that its end is in the database. Everything rests between two messages: who is idle has also
// finished what the last one caused.
Latencies measure(Client& client, Supply& supply, WorkerProcess& worker) {
    static std::minstd_rand random(7);
    std::vector<double> started, reported;
    for (int number = 0; number < messages; ++number) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 20));
        const std::string& conversation = supply.next();
        const auto begin = Steady::now();
        client.run("SELECT hil_handle_message($1, $2)", {conversation, message_text});
        worker.await_line(conversation + ": started");
        started.push_back(seconds_since(begin));
        worker.await_line(conversation + ": reported");
        reported.push_back(seconds_since(begin));
    }
    return {median(std::move(started)), median(std::move(reported))};
}

}  // namespace

void pickup(Report& report) {
    create_flow(1, 1'000);
    Client client(flow_database);
    load_workflow(client, 5);
    run_file(flow_database, "rest.sql");
    Supply supply(list(client, "SELECT id FROM hil.conversations"));
    const std::unique_ptr<Peer> graphile = make_graphile("pickup", messages);
    WorkerProcess worker(flow_database, "log_level: info\n", /*log_is_read=*/true);
    measure(client, supply, worker);
    std::vector<double> started, reported, jobs;
    for (int round = 0; round < rounds; ++round) {
        const Latencies latencies = measure(client, supply, worker);
        started.push_back(latencies.started);
        reported.push_back(latencies.reported);
        if (graphile) jobs.push_back(graphile->ask("pickup", messages) / 1000);
    }
    const std::string figure = "W2 message to started run, idle";
    if (graphile)
        report.line(figure, milliseconds(median(started)), "graphile-worker, job started",
                    milliseconds(median(jobs)), ratio(started, jobs), at_most(1));
    else
        report.note(figure, milliseconds(median(started)) + "; graphile-worker is not there");
    report.line("W3 message to answer, five agents whose models take no time", milliseconds(median(reported)),
                "", "15 ms", median(reported) / 0.015, at_most(1));
    require_all_well(client);
}

}  // namespace hil::bench
