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

namespace hil::worker {

// Thread-safe. No label holds anything of a conversation: they come from the configuration, the workflows,
// the tool servers and this program.
class Metrics {
  public:
    using Seconds = std::chrono::duration<double>;

    Metrics();

    // Serves http://ADDRESS:PORT/metrics from now on and returns the port; 0 stands for any that is free.
    // Throws std::runtime_error where it cannot listen.
    int serve(const std::string& address, int port);

    void claimed(std::size_t runs);
    // How long after the customer's newest message the first attempt began.
    void run_picked_up(Seconds after);
    // `outcome`: how the attempt ended here: the conversation's status, postponed, failed, lost, …
    void run_ended(const std::string& outcome, Seconds took);
    void runs_in_flight(std::size_t runs) { in_flight_.Set(static_cast<double>(runs)); }
    void runs_at_provider(int more) { at_provider_.Increment(more); }
    // A statement that reported on so many runs; `how`: together, alone, in_parts.
    void reported(const std::string& how, std::size_t runs);

    void step_ended(const std::string& agent, bool done, Seconds took);
    void tool_called(const std::string& tool, const std::string& outcome, Seconds took);
    // A call that was not made.
    void tool_refused(const std::string& tool);

    // What one model is asked.
    struct Asked {
        const std::string &provider, &model;
    };
    struct Tokens {
        long long input = 0, output = 0;
        double cost_usd = 0;
    };
    void model_asked(const Asked& asked, const std::string& outcome, Seconds took, const Tokens& tokens);
    void model_repaired(const Asked& asked);
    void requests(const std::string& provider, int more);
    void waiting(const std::string& provider, int more);
    void retried(const std::string& provider, const std::string& reason);
    // 0: closed, 1: open, 2: half open.
    void breaker(const std::string& provider, int state);

  private:
    using Counters = prometheus::Family<prometheus::Counter>;
    using Gauges = prometheus::Family<prometheus::Gauge>;
    using Histograms = prometheus::Family<prometheus::Histogram>;

    std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
    prometheus::Counter &claims_, &claimed_;
    prometheus::Gauge &in_flight_, &at_provider_;
    prometheus::Histogram &pickup_seconds_, &run_seconds_, &batch_size_;
    Counters &runs_, &reports_, &steps_, &tool_calls_;
    Histograms &step_seconds_, &tool_seconds_;
    Counters &requests_, &repairs_, &retries_, &tokens_, &cost_;
    Histograms& request_seconds_;
    Gauges &open_requests_, &waiting_, &breaker_;
    std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace hil::worker
