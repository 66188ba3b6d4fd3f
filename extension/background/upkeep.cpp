#include "background/upkeep.hpp"

#include <algorithm>

namespace hil::background {

bool Upkeep::is_due(const engine::TableRows& now) {
    std::int64_t& left = left_[now.table];
    left = std::min(left, now.dead);  // somebody else has cleaned up
    // While an old snapshot holds rows, each attempt reads all of them: they have to double before the next.
    return now.dead >= std::max(1000 + now.live / 5, 2 * left);
}

}  // namespace hil::background
