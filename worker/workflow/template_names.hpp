// The names that templates may use.
#pragma once

#include <string>

namespace hil::worker {

bool is_filter(const std::string& name);
bool is_method(const std::string& name);
bool is_test(const std::string& name);
// For a message: "known are" all of them, and the one that was meant.
std::string known_filters(const std::string& meant);
std::string known_methods(const std::string& meant);
std::string known_tests(const std::string& meant);

}  // namespace hil::worker
