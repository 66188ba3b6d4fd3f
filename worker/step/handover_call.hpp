// The built-in tool by which a model gives the conversation to a human.
#pragma once

#include <string>

#include "core/json.hpp"
#include "core/workflow.hpp"
#include "llm/model.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {

// The tool `handover_to_human` as a workflow's models see it. A model's words never become a queue that
// nobody serves: the skills are those of the workflow's routing rules and sinks.
class HandoverCall {
  public:
    explicit HandoverCall(const Workflow& workflow);

    ToolSpec spec() const;

    // The output with which the step ends: {"handover_to_human": {reason, required_skills?, priority?}}.
    // The reason is one that can be shown, whatever the model wrote (see clean_reason). Skills that do not
    // exist and a priority outside 1 to 10 are dropped. `arguments` must fit.
    Json output(const Json& arguments) const;

    // What is wrong with the arguments of a call.
    std::vector<std::string> problems(const Json& arguments) const { return schema_.problems(arguments); }

  private:
    Json skills_;
    OutputSchema schema_;
};

}  // namespace hil::worker
