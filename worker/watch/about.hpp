// What a line of the log is about.
#pragma once

#include <cstdint>
#include <string_view>

namespace hil::worker {

// What is empty or 0 does not apply. The texts outlive it.
struct About {
    std::int64_t run = 0;
    int attempt = 0;
    std::string_view conversation, node;
};

}  // namespace hil::worker
