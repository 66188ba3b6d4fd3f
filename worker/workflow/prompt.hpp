// What a node's model is told when the workflow has no prompt_template for it.
#pragma once

#include <string>

#include "core/json.hpp"

namespace hil::worker {

// The conversation so far and the customer's message, out of the variables of a run.
std::string default_prompt(const Json& variables);

// The preset's prompt, with the instructions of the human agent who gave the conversation back, if any.
std::string system_prompt(const std::string& preset, const Json& variables);

}  // namespace hil::worker
