#include "db/timestamp.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace hil::worker {

std::optional<std::chrono::system_clock::time_point> read_timestamp(const std::string& text) {
    std::tm day{};
    double seconds = 0;
    int zone_hours = 0, zone_minutes = 0;
    char sign = '+';
    const int read =
        std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%lf%c%2d:%2d", &day.tm_year, &day.tm_mon, &day.tm_mday,
                    &day.tm_hour, &day.tm_min, &seconds, &sign, &zone_hours, &zone_minutes);
    if (read < 8 || (sign != '+' && sign != '-')) return std::nullopt;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    const int zone = (zone_hours * 60 + zone_minutes) * (sign == '-' ? -60 : 60);
    const std::chrono::duration<double> since_epoch(static_cast<double>(timegm(&day) - zone) + seconds);
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
}

}  // namespace hil::worker
