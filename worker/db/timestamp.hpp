// Times as the database writes them into JSON.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace hil::worker {

// Reads 2026-11-22T21:00:00.123456+00:00, in any zone. Nothing where it is no such text.
std::optional<std::chrono::system_clock::time_point> read_timestamp(const std::string& text);

}  // namespace hil::worker
