// W4: 500 runs in flight, whose model takes a second.
#include <cmath>
#include <functional>
#include <stdexcept>
#include <thread>

#include "figures.hpp"
#include "load.hpp"
#include "model_server.hpp"
#include "server.hpp"
#include "turns.hpp"
#include "worker_process.hpp"

namespace hil::bench {
namespace {

constexpr int at_once = 500;
constexpr int generations = 8;
constexpr double ideal = at_once;  // per second, where nothing but the model takes any time
constexpr double megabyte = 1e6;

// The provider's slots are what bounds the runs that wait for it; those that are being claimed or reported
// come on top.
std::string config(const ModelServer& model) {
    return "log_level: warn\n"
           "providers:\n"
           "  scripted: {kind: openai, base_url: \"" +
           model.url() +
           "\", allow_private: [127.0.0.0/8], concurrency: 500}\n"
           "model_profiles:\n"
           "  balanced: {provider: scripted, model: scripted}\n";
}

// Turns per second, for each so many that ended after the first: they come in waves, since all begin at once.
std::vector<double> rates(Client& client) {
    std::vector<double> rates;
    double before = 0;
    for (const std::string& moment :
         list(client,
              "SELECT extract(epoch FROM at) FROM (SELECT finished_at AS at, row_number() OVER "
              "(ORDER BY finished_at) AS number FROM hil.runs WHERE status = 'succeeded') r "
              "WHERE number % $1::int = 0 ORDER BY number",
              {std::to_string(at_once)})) {
        if (before > 0) rates.push_back(at_once / (std::stod(moment) - before));
        before = std::stod(moment);
    }
    return rates;
}

void await(const std::function<bool()>& condition) {
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (Clock::now() > deadline) throw std::runtime_error("the worker does not keep the model busy");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace

void in_flight(Report& report) {
    create_flow(1, at_once * (generations + 1));
    Client client(flow_database);
    load_workflow(client, 1);
    run_file(flow_database, "rest.sql");
    Supply supply(list(client, "SELECT id FROM hil.conversations"));
    send_messages(client, supply, at_once * (generations + 1));
    await_relay(client);
    ModelServer model(std::chrono::seconds(1));
    WorkerProcess worker(flow_database, config(model));
    await([&] { return model.answered() > 0; });
    Load load(flow_database);
    load.begin({worker.process()});
    await([&] { return model.answered() >= at_once * generations; });
    load.end();
    await_runs(client);
    const std::vector<double> all = rates(client);
    const double memory = peak_memory(worker.process());
    report.line("W4 AI turns, 500 in flight, a model that takes 1 s", per_second(median(all)), "ideal",
                per_second(ideal), median(all) / ideal, at_least(0.95));
    report.line("W4 the worker's memory at most", std::to_string(std::lround(memory / megabyte)) + " MB", "",
                "150 MB", memory / megabyte / 150, at_most(1));
    report.line("W4 the worker's use of a processor", percent(load.of("worker")), "", percent(0.6),
                load.of("worker") / 0.6, at_most(1));
    report.note("", "at most " + std::to_string(model.most_at_once()) + " waited for the model at once");
    report.note("", load.processors());
    report.note("", load.waits());
    require_all_well(client);
}

}  // namespace hil::bench
