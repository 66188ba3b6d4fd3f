// Dumps: what a database looks like while one is being restored into it.
#pragma once

namespace hil::engine {

enum class Restoration {
    none,     // hil has been used here: there was none, or it has ended
    unknown,  // nothing has happened here yet
    under_way,
};

// A restore loads the tables one after the other and sets the sequences last, so that meanwhile there are
// rows whose sequence was never used. What a round would do then, with half of the rows, would collide with
// those to come.
Restoration restoration();

}  // namespace hil::engine
