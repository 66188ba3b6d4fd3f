// The names that templates may use.
#pragma once

#include <string>

namespace hil::worker {

bool is_filter(const std::string& name);
bool is_method(const std::string& name);
// The names for a message, separated by commas.
std::string filter_names();
std::string method_names();

}  // namespace hil::worker
