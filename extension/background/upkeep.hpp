// When a scheduler cleans up behind what is written over and over. Autovacuum comes once a minute at best; by
// then a hundred thousand dead index entries can lie in front of the next free agent.
#pragma once

#include <cstdint>
#include <map>

#include "engine/dead_rows.hpp"

namespace hil::background {

class Upkeep {
  public:
    // Whether the table is worth a VACUUM.
    bool is_due(const engine::TableRows& now);
    // What a VACUUM of the table had to leave, to some old snapshot that may still want to see it.
    void done(const engine::TableRows& after) { left_[after.table] = after.dead; }

  private:
    std::map<std::uint32_t, std::int64_t> left_;
};

}  // namespace hil::background
