// Retries: runs that failed, and are claimed again after a pause.
#pragma once

#include <cstdint>

namespace hil::engine {

// Wakes the workers by a NOTIFY on hil_runs where the pause of a failed run has ended since this process
// looked last. Returns how many such runs there are, at most `at_most`. A hint and no event: a worker that
// looks by itself finds them, too.
std::int64_t wake_for_retries(std::int32_t at_most);

}  // namespace hil::engine
