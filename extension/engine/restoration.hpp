// Dumps: what a database looks like while one is being restored into it.
#pragma once

namespace hil::engine {

enum class Restoration {
    none,     // hil has been used here: there was none, or it has ended
    unknown,  // nothing has happened here yet
    under_way,
};

// What a round would do with half of a dump's rows would collide with those to come. A restore in one session
// loads the tables one after the other and sets the sequences last, so that meanwhile there are rows whose
// sequence was never used. One with several jobs sets them at any time; pg_restore is known by its sessions'
// name, where they are of a member of the extension's owner.
Restoration restoration();

}  // namespace hil::engine
