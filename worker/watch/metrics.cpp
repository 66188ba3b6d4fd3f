#include "watch/metrics.hpp"

#include <stdexcept>
#include <utility>

namespace hil::worker {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets seconds = {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
const Buckets batches = {1, 2, 5, 10, 20, 50, 100};

auto& counter(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildCounter().Name(name).Help(help).Register(registry);
}

auto& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Task<StepOutput> count(RunStep run_step, StepWork work, Metrics& metrics) {
    const auto start = std::chrono::steady_clock::now();
    const std::string agent = work.node.agent;
    struct Ended {
        Metrics& metrics;
        const std::string& agent;
        std::chrono::steady_clock::time_point start;
        Json usage;
        ~Ended() {
            metrics.step_ended(agent, !usage.is_null(), std::chrono::steady_clock::now() - start, usage);
        }
    } ended{metrics, agent, start, nullptr};
    Task<StepOutput> step = run_step(std::move(work));
    StepOutput output = co_await std::move(step);
    ended.usage = output.usage;
    co_return output;
}

}  // namespace

Metrics::Metrics()
    : runs_(counter(*registry_, "hil_worker_runs_total", "Runs that ended in this worker, by outcome")),
      claims_(counter(*registry_, "hil_worker_claims_total", "Statements that claimed runs")),
      claimed_(counter(*registry_, "hil_worker_claimed_runs_total", "Runs that were claimed")),
      reports_(counter(*registry_, "hil_worker_reports_total", "Statements that reported on runs")),
      steps_(counter(*registry_, "hil_worker_steps_total", "Steps that ended, by agent and outcome")),
      tokens_(counter(*registry_, "hil_worker_tokens_total", "Tokens of finished steps")),
      cost_(counter(*registry_, "hil_worker_cost_usd_total", "Cost of finished steps in USD")),
      step_seconds_(BuildHistogram()
                        .Name("hil_worker_step_seconds")
                        .Help("How long steps took, with all waiting for models and tools")
                        .Register(*registry_)),
      in_flight_(gauge(*registry_, "hil_worker_runs_in_flight", "Runs that this worker holds")),
      waiting_(gauge(*registry_, "hil_worker_runs_waiting", "Steps that wait for their provider")),
      batch_size_(BuildHistogram()
                      .Name("hil_worker_report_batch_size")
                      .Help("Reports that went to the database together")
                      .Register(*registry_)
                      .Add({}, batches)) {}

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

void Metrics::run_ended(const std::string& outcome) { runs_.Add({{"outcome", outcome}}).Increment(); }

void Metrics::runs(std::size_t in_flight, int waiting) {
    in_flight_.Set(static_cast<double>(in_flight));
    waiting_.Set(waiting);
}

void Metrics::claimed(std::size_t runs) {
    claims_.Add({}).Increment();
    claimed_.Add({}).Increment(static_cast<double>(runs));
}

void Metrics::reported(const std::string& how, std::size_t runs) {
    reports_.Add({{"how", how}}).Increment();
    batch_size_.Observe(static_cast<double>(runs));
}

void Metrics::step_ended(const std::string& agent, bool ok, std::chrono::duration<double> took,
                         const Json& usage) {
    steps_.Add({{"node_agent", agent}, {"outcome", ok ? "done" : "not_done"}}).Increment();
    step_seconds_.Add({}, seconds).Observe(took.count());
    if (!ok) return;
    const std::string model = usage.value("model", "");
    for (const char* kind : {"input", "output"})
        tokens_.Add({{"model", model}, {"kind", kind}})
            .Increment(usage.value(std::string(kind) + "_tokens", 0.0));
    cost_.Add({{"model", model}}).Increment(usage.value("cost_usd", 0.0));
}

RunStep counted(RunStep run_step, Metrics& metrics) {
    return [run_step = std::move(run_step), &metrics](StepWork work) {
        return count(run_step, std::move(work), metrics);
    };
}

}  // namespace hil::worker
