#include "core/text.hpp"

#include <algorithm>
#include <charconv>

namespace hil {

namespace {

constexpr std::size_t quoted_characters = 60;

// Tells whether `code` is folded into a space: white space and controls of all of Unicode, which includes the
// line separators that would break a line.
bool is_space_or_control(char32_t code) {
    return code <= 0x20 || (code >= 0x7F && code <= 0xA0) || (code >= 0x2000 && code <= 0x200A) ||
           code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) return {first, 1};

    const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || at + bytes > text.size()) return {invalid_character, 1};
    char32_t code = first & (0xFFu >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return {invalid_character, 1};
        code = (code << 6) | (byte(at + i) & 0x3Fu);
    }
    const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) return {invalid_character, 1};
    return {code, bytes};
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::string one_line(std::string_view text, std::size_t max_characters) {
    std::string line;
    std::size_t characters = 0;
    std::size_t before_last = 0;  // where the last character that fits begins
    bool space_pending = false;
    const auto append = [&](std::string_view character) {
        if (characters == max_characters) return false;
        before_last = line.size();
        line += character;
        ++characters;
        return true;
    };
    for (std::size_t at = 0; at < text.size();) {
        const Character next = character_at(text, at);
        const std::string_view bytes = next.code == invalid_character ? "?" : text.substr(at, next.bytes);
        at += next.bytes;
        if (is_space_or_control(next.code)) {
            space_pending = !line.empty();
            continue;
        }
        const bool fits = (!space_pending || append(" ")) && append(bytes);
        if (!fits) {
            line.resize(before_last);
            if (line.ends_with(' ')) line.pop_back();
            return line + "…";
        }
        space_pending = false;
    }
    return line;
}

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    result += one_line(text, quoted_characters);
    result += '"';
    return result;
}

std::string shown(const Json& value) {
    switch (value.type()) {
        case Json::value_t::object:
            return "an object";
        case Json::value_t::array:
            return "a list";
        case Json::value_t::string:
            return in_quotes(value.get_ref<const std::string&>());
        default:
            return value.dump();
    }
}

std::string number_text(double number) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return std::string(digits, end);
}

}  // namespace hil
