#include "http/retry_after.hpp"

#include <curl/curl.h>

#include <charconv>
#include <cmath>

#include "core/text.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> waiting(double in_milliseconds) {
    if (std::isnan(in_milliseconds)) return std::nullopt;
    constexpr double day = 86'400'000;
    return milliseconds(std::llround(std::fmin(std::fmax(in_milliseconds, 0), day)));
}

std::optional<double> number(const std::string& text) {
    const std::string_view given = trimmed(text);
    double value = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error != std::errc() || end != given.data() + given.size()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<milliseconds> retry_after(const std::optional<std::string>& in_milliseconds,
                                        const std::optional<std::string>& in_seconds_or_date,
                                        std::chrono::system_clock::time_point now) {
    if (in_milliseconds)
        if (const auto value = number(*in_milliseconds)) return waiting(*value);
    if (!in_seconds_or_date) return std::nullopt;
    if (const auto value = number(*in_seconds_or_date)) return waiting(*value * 1000);
    const std::time_t date = curl_getdate(in_seconds_or_date->c_str(), nullptr);
    if (date < 0) return std::nullopt;
    const auto left = std::chrono::system_clock::from_time_t(date) - now;
    return waiting(std::chrono::duration<double, std::milli>(left).count());
}

}  // namespace hil::worker
