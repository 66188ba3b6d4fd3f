// What yaml-cpp's words mean for whoever wrote the file.
#pragma once

#include <string>

namespace hil::worker {

// Returns the message, with what was expected where that is known.
std::string with_advice(const std::string& message);

}  // namespace hil::worker
