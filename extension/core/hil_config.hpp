// Reads and checks the `hil_config` of a definition. Only check_workflow calls it.
#pragma once

#include "core/definition_reader.hpp"
#include "core/workflow.hpp"

namespace hil {

// Returns the configuration as far as it can be read; mistakes are noted by the reader. `workflow` holds the
// nodes already: a trigger may name one.
HilConfig read_hil_config(const DefinitionReader& at, const Workflow& workflow);

}  // namespace hil
