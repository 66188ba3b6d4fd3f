// What the launcher, the schedulers and all sessions share: one slot per database that has, or is about to
// get, a scheduler. README.md has the slot's states.
//
// These functions belong to the Postgres side of the boundary: they throw nothing, and only `hold` can raise
// an ERROR. All but request_memory and attach_memory need the library to be preloaded.
#pragma once

#include "pg/prelude.hpp"

namespace hil::background {

enum class Phase : int {
    free,      // no database
    wanted,    // the launcher is to start a scheduler
    starting,  // the launcher has asked for the process
    probing,   // the process is there, and looks whether the database has the extension
    serving,   // it has
};

// Why a scheduler ends.
enum class Ending {
    unexpected,  // it is started again, after a while where it had not lived long
    renewal,     // it is started again at once
    not_needed,  // the database has no extension
};

// Called by the hooks that the server has for them.
void request_memory();
void attach_memory();

// For sessions.

// Whether a scheduler serves the database.
bool serves(Oid database);
// Whether that scheduler waits for the end of a restore.
bool waits(Oid database);
// Since when the server can be written to: its start, the end of its recovery, its promotion.
TimestampTz writable_since();
// Sets the latch of the database's scheduler, or asks for one where there is none.
void wake(Oid database);
// Lets the launcher look, at once or again, whether the database needs a scheduler.
void ask_for(Oid database);

// For a command that needs a database without sessions: ends its scheduler, waits for the end, and keeps the
// launcher from starting another until `release`, or until this process is gone. Raises what interrupts the
// wait.
void hold(Oid database);
// `gone`: the database is there no more.
void release(Oid database, bool gone);

// For the launcher.

// From now on this process's latch is set when there is something to do.
void begin_launching();
// Whether all databases have been looked at since the server started.
bool all_probed();
void set_all_probed();
// Whether a scheduler is on its way, so that one more would have to wait.
bool something_starts();

struct Turn {
    Oid start = InvalidOid;      // the database that gets a scheduler now; its slot is `starting`
    long wait_milliseconds = 0;  // where there is none: how long nothing will be due
};
Turn next_turn();
// The scheduler of `database` could not be started: another attempt later, or none where the database cannot
// have one.
void not_started(Oid database);
void not_startable(Oid database);

// For a scheduler.

// Takes the slot of its database; false where somebody holds it, or nobody asked. The slot is left when the
// process ends, however it ends.
bool attach(Oid database);
// `probing` from now on: what was asked before this call is answered by what the caller sees after it.
void begin_probing();
void begin_serving();
void set_waiting(bool waiting);
void end_as(Ending ending);

}  // namespace hil::background
