// W1, W5: whole turns of the AI by real workers, whose model answers at once.
#include <memory>
#include <thread>

#include "figures.hpp"
#include "load.hpp"
#include "peers.hpp"
#include "server.hpp"
#include "turns.hpp"
#include "worker_process.hpp"

namespace hil::bench {
namespace {

constexpr int rounds = 5;
constexpr int turns = 2000;

using Workers = std::vector<WorkerProcess*>;

// What is there when the workers begin, and done when its events have been relayed.
double turns_per_second(Client& client, Supply& supply, const Workers& workers, Load& load) {
    std::vector<pid_t> processes;
    for (const WorkerProcess* worker : workers) {
        worker->pause();
        processes.push_back(worker->process());
    }
    send_messages(client, supply, turns);
    await_relay(client);
    load.begin(processes);
    const auto begin = Clock::now();
    for (const WorkerProcess* worker : workers) worker->resume();
    await_runs(client);
    await_relay(client);
    const std::chrono::duration<double> took = Clock::now() - begin;
    load.end();
    return turns / took.count();
}

// Until it has connected and read the workflow.
void warm_up(Client& client, Supply& supply) {
    send_messages(client, supply, 100);
    await_runs(client);
}

}  // namespace

void worker(Report& report) {
    create_flow(1, 25'000);
    Client client(flow_database);
    load_workflow(client, 1);
    run_file(flow_database, "rest.sql");
    Supply supply(list(client, "SELECT id FROM hil.conversations"));
    const std::unique_ptr<Peer> graphile = make_graphile("jobs", turns);
    WorkerProcess first(flow_database);
    warm_up(client, supply);
    Load load_of_one(flow_database), load_of_two(flow_database);
    std::vector<double> rates, jobs, rates_of_two;
    for (int round = 0; round < rounds; ++round) {
        rates.push_back(turns_per_second(client, supply, {&first}, load_of_one));
        if (graphile) jobs.push_back(graphile->ask("jobs", turns));
        first.pause();
        WorkerProcess second(flow_database);
        warm_up(client, supply);
        first.resume();
        rates_of_two.push_back(turns_per_second(client, supply, {&first, &second}, load_of_two));
    }
    if (graphile)
        report.line("W1 AI turns, one worker", per_second(median(rates)), "graphile-worker, empty jobs",
                    per_second(median(jobs)), ratio(rates, jobs), at_least(1));
    else
        report.note("W1 AI turns, one worker", per_second(median(rates)) + "; graphile-worker is not there");
    report.note("", load_of_one.processors());
    report.note("", load_of_one.waits());
    report.line("W5 AI turns, two workers", per_second(median(rates_of_two)), "one worker",
                per_second(median(rates)), ratio(rates_of_two, rates), at_least(1.5));
    report.note("", load_of_two.processors());
    report.note("", load_of_two.waits());
    require_all_well(client);
}

}  // namespace hil::bench
