// What Prometheus can know about a worker.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "step/step.hpp"

namespace hil::worker {

// Thread-safe. No label holds anything of a conversation.
class Metrics {
  public:
    Metrics();

    // Serves http://ADDRESS:PORT/metrics from now on and returns the port; 0 stands for any that is free.
    // Throws std::runtime_error where it cannot listen.
    int serve(const std::string& address, int port);

    // `outcome`: how the run ended here: its status, failed, abandoned, …
    void run_ended(const std::string& outcome);
    void runs(std::size_t in_flight, int waiting);
    void claimed(std::size_t runs);
    // A statement that reported on so many runs; `how`: together, alone, in_parts.
    void reported(const std::string& how, std::size_t runs);
    // A step that has ended; usage as it is reported.
    void step_ended(const std::string& agent, bool ok, std::chrono::duration<double> took, const Json& usage);

  private:
    std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
    prometheus::Family<prometheus::Counter>&runs_, &claims_, &claimed_, &reports_, &steps_, &tokens_, &cost_;
    prometheus::Family<prometheus::Histogram>& step_seconds_;
    prometheus::Gauge &in_flight_, &waiting_;
    prometheus::Histogram& batch_size_;
    std::unique_ptr<prometheus::Exposer> exposer_;
};

// The same steps, counted.
RunStep counted(RunStep run_step, Metrics& metrics);

}  // namespace hil::worker
