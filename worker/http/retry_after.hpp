// How long a server asks to be left alone.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace hil::worker {

// From the headers `retry-after-ms` (milliseconds) and `retry-after` (seconds, fractions allowed, or an HTTP
// date); the first one wins where both can be read. Never below zero, never above a day.
std::optional<std::chrono::milliseconds> retry_after(
    const std::optional<std::string>& in_milliseconds, const std::optional<std::string>& in_seconds_or_date,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace hil::worker
