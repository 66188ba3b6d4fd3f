// Asks a model until it has answered, and makes the calls that it asks for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "llm/model.hpp"
#include "step/offer.hpp"
#include "step/step.hpp"
#include "tools/tool.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {

class Metrics;

// What a node's model is asked, and with what.
struct NodeSetting {
    const ModelProfile* profile = nullptr;
    Provider* provider = nullptr;
    OutputSchema schema;
    Exchange exchange;  // the prompts
    bool has_tools = false;
    std::vector<std::shared_ptr<Tool>> tools;  // that it may call, and no others but handover_to_human
    int max_iterations = 1;                    // calls of the model, repairs not counted
};

// One step. Calls are written down before they are made and after they were answered; those of earlier
// attempts are taken up where they stopped.
class ToolLoop {
  public:
    ToolLoop(const StepWork& work, NodeSetting setting, Metrics& metrics);
    ToolLoop(const ToolLoop&) = delete;
    ToolLoop& operator=(const ToolLoop&) = delete;
    // What was spent and is nobody's is left with the run's spending.
    ~ToolLoop();

    // The node's output. Throws StepFailed, StepPostponed and LimitReached.
    Task<Json> run();

    // Of the replies that were not written down with calls; the caller answers for it from now on.
    Usage take_usage() { return std::exchange(usage_, {}); }

  private:
    Task<> resume();
    Task<Reply> ask(bool must_answer);
    // Makes the calls of a reply, or returns why it makes none of them.
    Task<std::string> make_calls(ModelTurn turn);
    // `again`: an earlier attempt may have made it.
    Task<> make_call(std::size_t at, int number, bool again = false);
    void refuse_calls(ModelTurn& turn) const;
    void repair(ModelTurn turn, const std::string& problem);
    [[noreturn]] void fail(const std::string& message, bool retryable) const;

    const StepWork& work_;
    NodeSetting setting_;
    Metrics& metrics_;
    const Offer offer_;
    Usage usage_;
    std::chrono::milliseconds waited_{0};
    int iterations_ = 0, repairs_ = 0, calls_ = 0, turns_ = 0;
    std::optional<Json> handed_over_;  // the output, once the model has called for a human
};

}  // namespace hil::worker
