#include "workflow/yaml_scalar.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hil::worker {
namespace {

bool digits(std::string_view text) {
    if (text.empty()) return false;
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whole numbers beyond 64 bits become floats, as in JSON.
std::optional<Json> whole(std::string_view text, int base) {
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    const char* end = text.data() + text.size();
    std::int64_t value = 0;
    if (const auto read = std::from_chars(text.data(), end, value, base);
        read.ptr == end && read.ec == std::errc())
        return Json(value);
    std::uint64_t large = 0;
    if (const auto read = std::from_chars(text.data(), end, large, base);
        read.ptr == end && read.ec == std::errc())
        return Json(large);
    double real = 0;
    if (const auto read = std::from_chars(text.data(), end, real);
        base == 10 && read.ptr == end && read.ec == std::errc())
        return Json(real);
    return std::nullopt;
}

bool looks_like_integer(std::string_view text) {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    return digits(text);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_float(std::string_view text) {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    const std::size_t exponent = text.find_first_of("eE");
    if (exponent != std::string_view::npos) {
        std::string_view power = text.substr(exponent + 1);
        if (!power.empty() && (power[0] == '-' || power[0] == '+')) power.remove_prefix(1);
        if (!digits(power)) return false;
        text = text.substr(0, exponent);
    }
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return digits(text);
    const std::string_view before = text.substr(0, dot), after = text.substr(dot + 1);
    if (before.empty()) return digits(after);
    return digits(before) && (after.empty() || digits(after));
}

bool is_endless(std::string_view text) {
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
           text == ".NAN";
}

Scalar plain(const std::string& text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
        return {nullptr, ""};
    if (text == "true" || text == "True" || text == "TRUE") return {true, ""};
    if (text == "false" || text == "False" || text == "FALSE") return {false, ""};
    if (is_endless(text))
        return {nullptr, "`" + text + "` is no number that JSON knows; quote it to mean a text"};
    std::optional<Json> number;
    if (looks_like_integer(text))
        number = whole(text, 10);
    else if (text.starts_with("0o"))
        number = whole(std::string_view(text).substr(2), 8);
    else if (text.starts_with("0x"))
        number = whole(std::string_view(text).substr(2), 16);
    else if (looks_like_float(text)) {
        std::string_view digits = text;
        if (digits[0] == '+') digits.remove_prefix(1);
        double real = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), real);
        if (read.ec == std::errc::result_out_of_range)
            return {nullptr, "the number " + text + " is out of range"};
        number = real;
    }
    return {number ? *number : Json(text), ""};
}

Scalar typed(const std::string& text, const std::string& type) {
    Scalar scalar = plain(text);
    if (type == "str") return {text, ""};
    const bool fits = type == "null"    ? scalar.value.is_null()
                      : type == "bool"  ? scalar.value.is_boolean()
                      : type == "int"   ? scalar.value.is_number_integer()
                      : type == "float" ? scalar.value.is_number()
                                        : false;
    if (!fits && scalar.problem.empty()) scalar.problem = "`" + text + "` is no " + type;
    return scalar;
}

}  // namespace

Scalar read_scalar(const std::string& text, const std::string& tag) {
    if (tag == "?" || tag.empty()) return plain(text);
    if (tag == "!") return {text, ""};
    const std::string core = "tag:yaml.org,2002:";
    if (tag.starts_with(core)) {
        const std::string type = tag.substr(core.size());
        for (const char* known : {"str", "null", "bool", "int", "float"})
            if (type == known) return typed(text, type);
    }
    return {text, "unknown tag `" + tag + "`"};
}

}  // namespace hil::worker
