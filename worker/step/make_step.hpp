// Puts together what executes steps.
#pragma once

#include "llm/model.hpp"
#include "step/step.hpp"
#include "tools/tool.hpp"
#include "workflow/catalogue.hpp"

namespace hil::worker {

class Metrics;

// What is given outlives every step.
RunStep make_step(const Catalogue& catalogue, const Providers& providers, Tools& tools, Metrics& metrics);

}  // namespace hil::worker
