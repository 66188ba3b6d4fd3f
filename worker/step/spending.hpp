// What a run has used up, and what it may.
#pragma once

#include <chrono>
#include <string>

#include "config/config.hpp"
#include "core/json.hpp"
#include "llm/model.hpp"

namespace hil::worker {

// Of one attempt; tokens, cost and calls count over all attempts at the run. Belongs to the run's strand.
class Spending {
  public:
    using Clock = std::chrono::steady_clock;

    // `spent`: what earlier attempts used up, as the claim's input has it: input_tokens, output_tokens,
    // cost_usd, calls.
    Spending(const Limits& limits, const Json& spent, Clock::time_point start = Clock::now());

    // Both throw LimitReached where no more is allowed.
    void require_model_call(Clock::time_point now = Clock::now()) const;
    void require_tool_call(Clock::time_point now = Clock::now()) const;

    void add(const Usage& usage);
    void add_call() { ++calls_; }

    // What a step that came to nothing has spent beside what was written down with its calls. It goes into
    // the report that ends the attempt.
    void add_unreported(const Usage& usage);
    const Usage& unreported() const { return unreported_; }

  private:
    const Limits limits_;
    const Clock::time_point start_;
    long long tokens_ = 0;
    double cost_usd_ = 0;
    long long calls_ = 0;
    Usage unreported_;
};

}  // namespace hil::worker
