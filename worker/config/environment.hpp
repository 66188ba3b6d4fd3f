// What the configuration needs of the environment.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace hil::worker {

// A variable that is not set. `stops`: whoever needs it cannot work without; else it may be wanted so.
struct UnsetVariable {
    std::string message;
    bool stops = false;
};

// All of them, each with who needs it. Never a value.
std::vector<UnsetVariable> unset_variables(const Config& config);

}  // namespace hil::worker
