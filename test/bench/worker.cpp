// W1, W2, W5: whole turns of the AI by real workers, whose model answers at once.
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include "figures.hpp"
#include "peers.hpp"
#include "server.hpp"
#include "worker_process.hpp"

namespace hil::bench {
namespace {

constexpr int rounds = 5;
constexpr int turns = 2000;
constexpr int pickups = 50;

using Workers = std::vector<std::unique_ptr<WorkerProcess>>;

void load_answering_workflow(Client& client) {
    client.execute(R"(SELECT hil_load_workflow('{
        "name": "support",
        "workflow": {
            "nodes": [
                {"id": "answer", "agent": "reasoning_support_agent"},
                {"id": "FINISH", "type": "sink", "action": "finish_conversation"}
            ],
            "edges": [{"from": "answer", "to": "FINISH"}]
        }
    }'))");
}

void await(Client& client, const std::string& condition) {
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    while (client.one("SELECT " + condition) != "t") {
        if (Clock::now() > deadline) throw std::runtime_error("the workers do not come to an end");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

const std::string all_done = "NOT EXISTS (SELECT FROM hil.runs WHERE status IN ('queued', 'running'))";

// What is there when the workers begin, and done when its events have been relayed.
double turns_per_second(Client& client, Supply& supply, const Workers& workers) {
    for (const auto& worker : workers) worker->pause();
    for (int number = 0; number < turns; number += 100) {
        std::vector<Statement> messages;
        for (int i = 0; i < 100; ++i)
            messages.push_back({"SELECT hil_handle_message($1, $2)", {supply.next(), message_text}});
        client.pipeline(messages);
    }
    await_relay(client);
    const auto begin = Clock::now();
    for (const auto& worker : workers) worker->resume();
    await(client, all_done);
    await_relay(client);
    return turns / std::chrono::duration<double>(Clock::now() - begin).count();
}

// From the call that brings the message to the claim of its run by an idle worker, by the server's clock.
double pickup(Client& client, Supply& supply) {
    std::vector<double> latencies;
    for (int number = 0; number < pickups; ++number) {
        const std::string& conversation = supply.next();
        client.run("SELECT set_config('bench.begin', clock_timestamp()::text, false)");
        client.run("SELECT hil_handle_message($1, $2)", {conversation, message_text});
        await(client, all_done);
        latencies.push_back(std::stod(
            client.one("SELECT extract(epoch FROM started_at - current_setting('bench.begin')::timestamptz) "
                       "FROM hil.runs WHERE conversation_id = $1",
                       {conversation})));
    }
    return median(std::move(latencies));
}

double ratio(const std::vector<double>& ours, const std::vector<double>& theirs) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) ratios.push_back(ours[round] / theirs[round]);
    return median(std::move(ratios));
}

}  // namespace

void worker(Report& report) {
    create_flow(1, 25'000);
    Client client(flow_database);
    load_answering_workflow(client);
    run_file(flow_database, "rest.sql");
    Supply supply(list(client, "SELECT id FROM hil.conversations"));
    const bool has_peer = std::filesystem::exists(peers_folder + "/node_modules/graphile-worker");
    std::unique_ptr<Peer> graphile;
    if (has_peer) {
        create_database(peers_database);
        graphile = std::make_unique<Peer>("graphile.js");
        graphile->ask("jobs", turns);
    }
    Workers one;
    one.push_back(std::make_unique<WorkerProcess>(flow_database));
    turns_per_second(client, supply, one);
    std::vector<double> rates, jobs, waits, job_waits, rates_of_two;
    for (int round = 0; round < rounds; ++round) {
        rates.push_back(turns_per_second(client, supply, one));
        if (graphile) jobs.push_back(graphile->ask("jobs", turns));
        waits.push_back(pickup(client, supply));
        if (graphile) job_waits.push_back(graphile->ask("pickup", pickups) / 1000);
        Workers second;
        second.push_back(std::make_unique<WorkerProcess>(flow_database));
        second.push_back(std::move(one[0]));
        rates_of_two.push_back(turns_per_second(client, supply, second));
        one[0] = std::move(second[1]);
    }
    if (graphile) {
        report.line("W1 AI turns, one worker", per_second(median(rates)), "graphile-worker, empty jobs",
                    per_second(median(jobs)), ratio(rates, jobs), at_least(1));
        report.line("W2 message to claimed run, idle", milliseconds(median(waits)),
                    "graphile-worker, job started", milliseconds(median(job_waits)), ratio(waits, job_waits),
                    at_most(1));
    } else {
        report.note("W1 AI turns, one worker", per_second(median(rates)) + "; graphile-worker is not there");
        report.note("W2 message to claimed run, idle", milliseconds(median(waits)));
    }
    report.line("W5 AI turns, two workers", per_second(median(rates_of_two)), "one worker",
                per_second(median(rates)), ratio(rates_of_two, rates), at_least(1.5));
    one.clear();
    require_all_well(client);
}

}  // namespace hil::bench
