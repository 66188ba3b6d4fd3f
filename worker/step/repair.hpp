// Answers that do not fit, and what the model is told about them.
#pragma once

#include <string>

#include "core/json.hpp"
#include "llm/model.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {

// Reads the answer of a reply into `output`. Returns what is wrong with it, or "".
std::string read_answer(const std::string& answer, const OutputSchema& schema, Json& output);

// Makes of the last turn one that was told what is wrong with it: where it called a tool to answer, as the
// result of the call, else in words.
void correct(ModelTurn& turn, const std::string& problem);

}  // namespace hil::worker
