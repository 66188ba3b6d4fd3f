// The background side of the extension, where the library is preloaded.
#pragma once

namespace hil::background {

// Called once, by _PG_init in the postmaster: shared memory, the launcher, and what sessions do for
// schedulers.
void set_up();

}  // namespace hil::background
