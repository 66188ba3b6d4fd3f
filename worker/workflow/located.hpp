// From a problem in a definition to a mistake in its file.
#pragma once

#include "core/workflow.hpp"
#include "workflow/yaml.hpp"

namespace hil::worker {

// Gives a problem of `document` its place: the key of what is unknown or holds values of its own, else the
// value.
Mistake located(const Problem& problem, const Json& document, const Places& places);

}  // namespace hil::worker
