// The values that pass the boundary, as plain C++ types. No Postgres header here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.hpp"

namespace hil::pg {

// A uuid, in the byte order of its text form.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    std::string text() const;  // 8-4-4-4-12 lower-case hexadecimal digits
    bool operator==(const Uuid&) const = default;
    bool operator<(const Uuid& other) const { return bytes < other.bytes; }
};

// Reads the form that text() writes, its digits in either case; nothing for any other text.
std::optional<Uuid> uuid_from(std::string_view text);

// A timestamptz: microseconds since 2000-01-01 00:00 UTC, as Postgres counts.
struct Timestamp {
    std::int64_t microseconds = 0;
};

// A span of time in microseconds. An interval's days count 24 hours, its months 30 days.
struct Duration {
    std::int64_t microseconds = 0;

    double seconds() const { return static_cast<double>(microseconds) / 1e6; }
};

inline Duration operator-(Timestamp later, Timestamp earlier) {
    return {later.microseconds - earlier.microseconds};
}
inline Duration operator+(Duration a, Duration b) { return {a.microseconds + b.microseconds}; }

// A jsonb in its text form, for passing through what nobody here looks into.
struct JsonText {
    std::string text;
};

// A jsonb that is both looked into and kept: the text is what is stored, since numbers beyond the range of
// double would not survive the way through Json.
struct Document {
    Json json;
    JsonText text;
};

// What a parameter, a column or a function's result can hold; monostate is NULL. numeric passes as text, by a
// cast in the SQL.
using Value =
    std::variant<std::monostate, bool, std::int32_t, std::int64_t, double, std::string, Uuid, Timestamp,
                 Duration, JsonText, std::vector<std::string>, std::vector<Uuid>, std::vector<std::int64_t>>;

// Amounts of money, as numeric has them: the text of a double as Postgres casts it, and the exact sum of two.
std::string decimal(double amount);
std::string sum(const std::string& a, const std::string& b);

// The instant of the call by the wall clock. States are timed by it and not by the transaction's start, which
// may lie before a change that this transaction waited for.
Timestamp clock_now();

// The text form of a timestamptz in ISO 8601 with an offset, as in the events' payloads.
std::string iso8601(Timestamp instant);

}  // namespace hil::pg
