// What an author wrote as text in a template.
#pragma once

#include <string>
#include <string_view>

namespace hil::worker {

// The texts of a template that parses, each on lines of its own: what stands outside of its code, and what
// stands in quotes within.
std::string template_texts(std::string_view source);

}  // namespace hil::worker
