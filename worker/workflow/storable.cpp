#include "workflow/storable.hpp"

#include <cmath>
#include <string>

#include "core/refusal.hpp"

namespace hil::worker {
namespace {

[[noreturn]] void refuse(std::string_view argument, const std::string& what, const char* hint) {
    throw Refusal(Reason::invalid_argument, std::string(argument) + what, hint);
}

// What jsonb writes beyond nlohmann: a space after each comma and colon, and the zeros of 1e300.
std::size_t more_bytes(const Json& value) {
    if (value.is_number_float()) {
        const double size = std::abs(value.get<double>());
        return size > 0 ? static_cast<std::size_t>(std::abs(std::log10(size))) : 0;
    }
    std::size_t bytes = 0;
    if (value.is_structured()) {
        for (const Json& item : value) bytes += more_bytes(item) + 1;
        if (value.is_object()) bytes += value.size();
    }
    return bytes;
}

bool has_null_character(const Json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().find('\0') != std::string::npos;
    if (!value.is_structured()) return false;
    for (const auto& [key, item] : value.items())
        if (key.find('\0') != std::string::npos || has_null_character(item)) return true;
    return false;
}

}  // namespace

void require_storable(const Json& value, std::string_view argument) {
    std::string text;
    try {
        text = value.dump();
    } catch (const Json::type_error&) {
        refuse(argument, " holds text that is not UTF-8", "Send texts in UTF-8.");
    }
    parse_json(text, argument);
    const std::size_t bytes = text.size() + more_bytes(value);
    if (bytes > max_json_bytes)
        refuse(argument,
               " must be JSON of at most " + std::to_string(max_json_bytes) + " bytes, got " +
                   std::to_string(bytes) + " bytes",
               "Send less.");
    if (has_null_character(value))
        refuse(argument, " holds the character U+0000, which no text may hold", "Leave it out.");
}

}  // namespace hil::worker
