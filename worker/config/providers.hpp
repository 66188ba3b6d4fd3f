// The part of the configuration that says which models there are.
#pragma once

#include "config/reader.hpp"
#include "workflow/catalogue.hpp"

namespace hil::worker {

// Adds the key `model_profiles`. What the file leaves out of a profile stays as it was built in. `reader` and
// `catalogue` outlive the keys.
void add_provider_keys(Reader& reader, Reader::Keys& keys, Catalogue& catalogue);

}  // namespace hil::worker
