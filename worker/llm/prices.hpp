// What a reply costs.
#pragma once

#include "llm/model.hpp"

namespace hil::worker {

// In USD. The usage's cost itself is not looked at.
double cost_of(const Usage& usage, const Prices& prices);

}  // namespace hil::worker
