// What the tables that stay small keep of rows that are gone.
#pragma once

#include <cstdint>
#include <vector>

namespace hil::engine {

// A table's rows, as the server's statistics count them.
struct TableRows {
    std::uint32_t table;  // its oid
    std::int64_t live, dead;
    std::int64_t vacuums;  // how many it got by command
};

// The tables whose rows are written over and over, or come and go, and which are read from the end where
// the dead ones gather: every look passes them until a VACUUM takes them away. They stay as small as what
// they tell of, so that one costs milliseconds.
std::vector<TableRows> rewritten_tables();

}  // namespace hil::engine
