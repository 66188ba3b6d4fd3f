// A scheduler: one process per database that has the extension. It does the duties of engine/rounds, each in
// a transaction of its own, when it is woken and once every hil.naptime.
#pragma once

#include "pg/prelude.hpp"

namespace hil::background {

// Asks the server for the process; false where no background worker is left.
bool request_scheduler(Oid database);

}  // namespace hil::background
