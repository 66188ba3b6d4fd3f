#include "pg/values.hpp"

#include <cfloat>

#include "pg/guard.hpp"

namespace hil::pg {

std::string Uuid::text() const {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        out.push_back(digits[bytes[i] >> 4]);
        out.push_back(digits[bytes[i] & 15]);
    }
    return out;
}

std::optional<Uuid> uuid_from(std::string_view text) {
    Uuid id;
    std::size_t digits = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        const char c = text[at];
        if (dash && c == '-') continue;
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (dash || digit < 0 || digits == 2 * id.bytes.size()) return std::nullopt;
        std::uint8_t& byte = id.bytes[digits++ / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | digit);
    }
    if (digits != 2 * id.bytes.size()) return std::nullopt;
    return id;
}

std::string decimal(double amount) {
    char text[64];
    snprintf(text, sizeof text, "%.*g", DBL_DIG, amount);
    return text;
}

std::string sum(const std::string& a, const std::string& b) {
    return call(
        [](const char* first, const char* second) -> const char* {
            const auto number = [](const char* text) {
                return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                                           Int32GetDatum(-1));
            };
            return DatumGetCString(DirectFunctionCall1(
                numeric_out, DirectFunctionCall2(numeric_add, number(first), number(second))));
        },
        a.c_str(), b.c_str());
}

Timestamp clock_now() { return {GetCurrentTimestamp()}; }

std::string iso8601(Timestamp instant) {
    struct Text {
        char chars[MAXDATELEN + 1];
    };
    const Text text = call(
        [](TimestampTz at) {
            Text out{};
            int offset = 0;
            fsec_t fraction = 0;
            pg_tm parts{};
            const char* zone = nullptr;
            if (timestamp2tm(at, &offset, &parts, &fraction, &zone, nullptr) != 0)
                ereport(ERROR,
                        (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
            EncodeDateTime(&parts, fraction, true, offset, zone, USE_XSD_DATES, out.chars);
            return out;
        },
        instant.microseconds);
    return text.chars;
}

}  // namespace hil::pg
