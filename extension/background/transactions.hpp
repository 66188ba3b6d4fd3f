// What a transaction asks of the launcher and of its database's scheduler, done once it is committed. One
// that aborts asks for nothing; neither does one that is prepared: for that, COMMIT PREPARED wakes
// (commands).
#pragma once

#include "pg/prelude.hpp"

namespace hil::background {

// Once per process, before its first transaction.
void watch_transactions();

// Wakes the scheduler of this database, or asks for one where there is none.
void wake_at_commit();

// Lets the launcher look whether the database needs a scheduler.
void ask_at_commit(Oid database);

}  // namespace hil::background
