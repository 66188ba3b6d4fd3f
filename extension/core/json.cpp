#include "core/json.hpp"

#include <algorithm>
#include <string>

#include "core/json_depth.hpp"
#include "core/refusal.hpp"

namespace hil {

namespace {

[[noreturn]] void refuse(std::string_view argument, const std::string& what, std::string hint,
                         std::string detail = "") {
    std::string message(argument);
    message += what;
    throw Refusal(Reason::invalid_argument, message, std::move(hint), std::move(detail));
}

}  // namespace

std::size_t json_depth(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

Json parse_json(std::string_view text, std::string_view argument) {
    if (text.size() > max_json_bytes) {
        refuse(argument,
               " must be JSON of at most " + std::to_string(max_json_bytes) + " bytes, got " +
                   std::to_string(text.size()) + " bytes",
               "Send less: keep large texts elsewhere and refer to them.");
    }
    const std::size_t depth = json_depth(text);
    if (depth > static_cast<std::size_t>(max_json_depth)) {
        refuse(argument,
               " must be JSON of at most " + std::to_string(max_json_depth) + " levels, got " +
                   std::to_string(depth) + " levels",
               "Put fewer lists and objects inside one another.");
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        // The library's own message quotes the input, which may be long or no UTF-8.
        refuse(argument, " is not valid JSON", "Send one complete JSON value, in UTF-8.",
               "The text cannot be read at byte " + std::to_string(error.byte) + ".");
    } catch (const Json::out_of_range&) {
        refuse(argument, " contains a number that is too large", "Keep numbers below 1e308.");
    }
}

}  // namespace hil
