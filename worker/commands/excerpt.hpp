// The line of a file in which a mistake is.
#pragma once

#include <string>

#include "workflow/mistake.hpp"

namespace hil::worker {

// Returns two lines: the line of the file, by its number, and a mark below the column. Of a long line what is
// near the mark. "" where the file has no such line.
std::string excerpt(const std::string& source, const Mistake& mistake);

}  // namespace hil::worker
