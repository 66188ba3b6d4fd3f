#include "watch/metrics.hpp"

#include <stdexcept>

namespace hil::worker {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Registry;
using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets seconds = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
const Buckets batches = {1, 2, 5, 10, 20, 50, 100};

auto& counters(Registry& registry, const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
}

auto& gauges(Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry);
}

auto& histograms(Registry& registry, const char* name, const char* help) {
    return BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Metrics()
    : claims_(counters(*registry_, "hil_worker_claims_total", "Statements that claimed runs").Add({})),
      claimed_(counters(*registry_, "hil_worker_claimed_runs_total", "Runs that were claimed").Add({})),
      in_flight_(gauges(*registry_, "hil_worker_runs_in_flight", "Runs that this worker holds").Add({})),
      at_provider_(gauges(*registry_, "hil_worker_runs_at_provider",
                          "Runs in flight that ask a model or have a place to wait for it")
                       .Add({})),
      pickup_seconds_(histograms(*registry_, "hil_worker_run_pickup_seconds",
                                 "From the customer's newest message to the start of a run's first attempt")
                          .Add({}, seconds)),
      run_seconds_(histograms(*registry_, "hil_worker_run_seconds",
                              "From the claim of a run to its end in this worker")
                       .Add({}, seconds)),
      batch_size_(
          histograms(*registry_, "hil_worker_report_batch_size", "Reports that went to the database together")
              .Add({}, batches)),
      runs_(counters(*registry_, "hil_worker_runs_total", "Attempts that ended in this worker")),
      reports_(counters(*registry_, "hil_worker_reports_total", "Statements that reported on runs")),
      steps_(counters(*registry_, "hil_worker_steps_total", "Steps that ended")),
      tool_calls_(counters(*registry_, "hil_worker_tool_calls_total", "Calls of tools by models")),
      step_seconds_(histograms(*registry_, "hil_worker_step_seconds",
                               "How long steps took, with all waiting for models and tools")),
      tool_seconds_(histograms(*registry_, "hil_worker_tool_call_seconds", "How long calls of tools took")),
      requests_(counters(*registry_, "hil_worker_model_requests_total", "Requests to models, each try")),
      repairs_(counters(*registry_, "hil_worker_model_repairs_total",
                        "Turns in which a model was told what is wrong with its answer")),
      retries_(counters(*registry_, "hil_worker_model_retries_total", "Requests that were repeated")),
      tokens_(counters(*registry_, "hil_worker_tokens_total", "Tokens of all replies")),
      cost_(counters(*registry_, "hil_worker_cost_usd_total", "Cost of all replies in USD")),
      request_seconds_(histograms(*registry_, "hil_worker_model_request_seconds",
                                  "How long requests to models took, without any waiting before them")),
      open_requests_(
          gauges(*registry_, "hil_worker_model_requests_in_flight", "Requests to models under way")),
      waiting_(gauges(*registry_, "hil_worker_steps_waiting", "Steps that wait for a provider")),
      breaker_(gauges(*registry_, "hil_worker_breaker_state",
                      "0: closed, 1: open (the provider is cut off), 2: half open (one request is tried)")) {}

int Metrics::serve(const std::string& address, int port) {
    const std::string where = address + ":" + std::to_string(port);
    try {
        exposer_ = std::make_unique<prometheus::Exposer>(where, 1);
    } catch (const std::exception&) {
        throw std::runtime_error("metrics cannot be served at " + where + ": is the port taken?");
    }
    exposer_->RegisterCollectable(registry_);
    return exposer_->GetListeningPorts().at(0);
}

void Metrics::claimed(std::size_t runs) {
    claims_.Increment();
    claimed_.Increment(static_cast<double>(runs));
}

void Metrics::run_picked_up(Seconds after) { pickup_seconds_.Observe(after.count()); }

void Metrics::run_ended(const std::string& outcome, Seconds took) {
    runs_.Add({{"outcome", outcome}}).Increment();
    run_seconds_.Observe(took.count());
}

void Metrics::reported(const std::string& how, std::size_t runs) {
    reports_.Add({{"how", how}}).Increment();
    batch_size_.Observe(static_cast<double>(runs));
}

void Metrics::step_ended(const std::string& agent, bool done, Seconds took) {
    steps_.Add({{"node_agent", agent}, {"outcome", done ? "done" : "not_done"}}).Increment();
    step_seconds_.Add({{"node_agent", agent}}, seconds).Observe(took.count());
}

void Metrics::tool_called(const std::string& tool, const std::string& outcome, Seconds took) {
    tool_calls_.Add({{"tool", tool}, {"outcome", outcome}}).Increment();
    tool_seconds_.Add({{"tool", tool}}, seconds).Observe(took.count());
}

void Metrics::tool_refused(const std::string& tool) {
    tool_calls_.Add({{"tool", tool}, {"outcome", "refused"}}).Increment();
}

void Metrics::model_asked(const Asked& asked, const std::string& outcome, Seconds took,
                          const Tokens& tokens) {
    const prometheus::Labels labels = {{"provider", asked.provider}, {"model", asked.model}};
    requests_.Add({{"provider", asked.provider}, {"model", asked.model}, {"outcome", outcome}}).Increment();
    request_seconds_.Add(labels, seconds).Observe(took.count());
    const auto count = [&](const char* kind, long long number) {
        tokens_.Add({{"provider", asked.provider}, {"model", asked.model}, {"kind", kind}})
            .Increment(static_cast<double>(number));
    };
    count("input", tokens.input);
    count("output", tokens.output);
    cost_.Add(labels).Increment(tokens.cost_usd);
}

void Metrics::model_repaired(const Asked& asked) {
    repairs_.Add({{"provider", asked.provider}, {"model", asked.model}}).Increment();
}

void Metrics::requests(const std::string& provider, int more) {
    open_requests_.Add({{"provider", provider}}).Increment(more);
}

void Metrics::waiting(const std::string& provider, int more) {
    waiting_.Add({{"provider", provider}}).Increment(more);
}

void Metrics::retried(const std::string& provider, const std::string& reason) {
    retries_.Add({{"provider", provider}, {"reason", reason}}).Increment();
}

void Metrics::breaker(const std::string& provider, int state) {
    breaker_.Add({{"provider", provider}}).Set(state);
}

}  // namespace hil::worker
