// One agent node of one run: prompts, the model, its tools, its output.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "async.hpp"
#include "core/json.hpp"
#include "core/workflow.hpp"

namespace hil::worker {

struct Claim;
struct Scope;
class Spending;
class Template;

// The run cannot go on. `retryable`: another attempt may succeed, and goes on after the steps recorded so
// far.
class StepFailed : public std::runtime_error {
  public:
    StepFailed(std::string node, const std::string& message, bool retryable,
               std::optional<std::chrono::milliseconds> retry_after = std::nullopt)
        : std::runtime_error(message),
          node(std::move(node)),
          retryable(retryable),
          retry_after(retry_after) {}

    const std::string node;
    const bool retryable;
    const std::optional<std::chrono::milliseconds> retry_after;
};

// The run found no place to wait for its provider in: nothing failed, and it is to go on after `after`, in
// whatever worker.
class StepPostponed : public std::runtime_error {
  public:
    StepPostponed(const std::string& why, std::chrono::milliseconds after)
        : std::runtime_error(why), after(after) {}

    const std::chrono::milliseconds after;
};

// A limit of the run was reached: a human takes over. what() is the reason, fit for people; `context` goes
// into the handover's context.
class LimitReached : public std::runtime_error {
  public:
    LimitReached(const std::string& reason, Json context)
        : std::runtime_error(reason), context(std::move(context)) {}

    const Json context;
};

struct StepOutput {
    Json output;
    Json usage;  // as hil_record_step takes it, without `handover`
};

// Writes down calls of the step's node, as items of hil_record_calls; returns when they are in the database.
// Throws where the run is over; that exception is not the step's to catch.
using RecordCalls = std::function<Task<>(Json calls)>;

// What is referred to outlives the step.
struct StepWork {
    const Workflow& workflow;
    const Node& node;
    const Template* prompt;  // the node's prompt_template; nullptr: it has none
    const Scope& scope;
    const Claim& claim;
    Spending& spending;
    const Json* calls;  // of earlier attempts at this node, as in the claim's input; nullptr: none
    RecordCalls record_calls;
    // Told when the step is with its provider (see Question), and when it is back. May be empty.
    std::function<void(bool)> at_provider = {};
    // Told when the step waits for a tool, and when it no longer does. May be empty.
    std::function<void(bool)> at_tool = {};
};

// Executes the step. Throws StepFailed, StepPostponed and LimitReached.
using RunStep = std::function<Task<StepOutput>(StepWork)>;

}  // namespace hil::worker
