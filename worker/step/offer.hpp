// What a model may call at one node.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "llm/model.hpp"
#include "step/handover_call.hpp"
#include "tools/tool.hpp"

namespace hil::worker {

// The node's tools and handover_to_human, by the names that models know.
class Offer {
  public:
    // Of nothing.
    Offer() = default;
    Offer(const Workflow& workflow, const std::vector<std::shared_ptr<Tool>>& tools);

    const std::vector<ToolSpec>& specs() const { return specs_; }

    // Why the call cannot be made, in words for the model; "" where it can, and then its arguments are read.
    // `alone`: it is the only one of its turn.
    std::string refusal(const ToolCall& call, bool alone, Json& arguments) const;

    // Of a call that is not refused, and not to handover_to_human.
    const std::shared_ptr<Tool>& tool(const std::string& wire_name) const {
        return by_wire_name_.at(wire_name);
    }

    // What the tool is called outside of models. A name that a model has made up stays as it is.
    std::string name(const std::string& wire_name) const;

    // The same for metrics, where what was made up is `unknown`: there would be no end to such labels.
    std::string label(const std::string& wire_name) const;

    bool has_handover() const { return handover_.has_value(); }

    // The output of a step whose model calls for a human.
    Json handed_over(const ToolCall& call) const;

  private:
    std::optional<HandoverCall> handover_;
    std::map<std::string, std::shared_ptr<Tool>> by_wire_name_;
    std::vector<ToolSpec> specs_;
};

}  // namespace hil::worker
