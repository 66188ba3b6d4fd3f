// One attempt at a run: execute its workflow, report what comes out.
#pragma once

#include "backoff.hpp"
#include "config/config.hpp"
#include "db/reports.hpp"
#include "run/flights.hpp"
#include "run/known_workflows.hpp"
#include "step/step.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {

// What every attempt needs; outlives them all.
struct Surroundings {
    asio::io_context& io;
    KnownWorkflows& workflows;
    Reports& reports;
    RunStep run_step;
    Metrics& metrics;
    Limits limits;
    int parallel_nodes = 4;
    // A run is with its provider, or back; called on the runs' strands.
    std::function<void(bool)> at_provider;
    Backoff backoff;  // between the repetitions of a question that the database could not answer
};

// Executes the run and reports its steps, then the result, the failure, or the limit that was reached, which
// hands over. Ends without a report when the flight is abandoned. Throws nothing; what goes wrong is in the
// run's error and in the log.
Task<> attempt(FlightPtr flight, const Surroundings& surroundings);

// Puts the run of a worker that ends back into the database, where another finds it after that time: that
// counts as no error. Ends when it is done or the flight is abandoned. Throws nothing.
Task<> put_back(FlightPtr flight, const Surroundings& surroundings, std::chrono::milliseconds after);

}  // namespace hil::worker
