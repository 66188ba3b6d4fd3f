#include "config/secrets.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "http/url.hpp"

namespace hil::worker {
namespace {

constexpr std::string_view hidden = "[hidden]";
constexpr std::size_t max_name_bytes = 64;
// A shorter value stands in texts by chance, and one that is not much longer in other words.
constexpr std::size_t shortest_secret = 4, shortest_within_words = 12;
constexpr std::size_t shortest_key = 16;
// Of what may be none: true, debug and east are words that results are made of.
constexpr std::size_t shortest_possible = 8;

std::mutex mutex;
std::vector<std::string> values;  // longest first: one can be a part of another

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_key_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}
bool is_name_character(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; }

// The text within the quotes of JSON.
std::string json_text(const std::string& text) {
    const std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
}

// As PHP and others write it in JSON.
std::string with_escaped_slashes(std::string text) {
    for (std::size_t at = 0; (at = text.find('/', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '\\');
    return text;
}

bool is_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    // One that is too large for its type is one too.
    return read.ec != std::errc::invalid_argument && read.ptr == text.data() + text.size();
}

// Also the forms in which a server says it back.
void remember(const std::string& value) {
    const std::string in_json = json_text(value);
    std::vector<std::string> forms = {value, percent_encoded(value), in_json, with_escaped_slashes(in_json)};
    // Of a key of several lines each can stand by itself, in a log for one.
    std::istringstream lines(value);
    for (std::string line; std::getline(lines, line);)
        if (line.size() >= shortest_key) forms.push_back(line);
    const std::lock_guard lock(mutex);
    for (const std::string& form : forms)
        if (form.size() >= shortest_secret && std::find(values.begin(), values.end(), form) == values.end())
            values.push_back(form);
    std::sort(values.begin(), values.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

bool stands_within_word(const std::string& text, std::size_t start, std::size_t end) {
    const auto goes_on = [&](std::size_t at) {
        return at > 0 && at < text.size() && is_name_character(text[at - 1]) && is_name_character(text[at]);
    };
    return goes_on(start) || goes_on(end);
}

// Whether what stands there is a part of the mark, for a value that is.
bool is_in_mark(const std::string& text, std::size_t at, const std::string& value) {
    const std::size_t offset = hidden.find(value);
    return offset != std::string::npos && at >= offset &&
           std::string_view(text).substr(at - offset, hidden.size()) == hidden;
}

void hide(std::string& text, const std::string& value) {
    for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at)) {
        const bool by_chance =
            value.size() < shortest_within_words && stands_within_word(text, at, at + value.size());
        if (by_chance || is_in_mark(text, at, value)) {
            at += value.size();
        } else {
            text.replace(at, value.size(), hidden);
            at += hidden.size();
        }
    }
}

void hide_keys(std::string& text) {
    for (std::size_t at = text.find("sk-"); at != std::string::npos; at = text.find("sk-", at)) {
        std::size_t end = at;
        while (end < text.size() && is_key_character(text[end])) ++end;
        // Within a word it is none: "risk-free".
        if (end - at < shortest_key || (at > 0 && is_key_character(text[at - 1]))) {
            at = end;
        } else {
            text.replace(at, end - at, hidden);
        }
    }
}

}  // namespace

bool is_variable_name(const std::string& text) {
    return !text.empty() && text.size() <= max_name_bytes && (text[0] == '_' || is_letter(text[0])) &&
           std::all_of(text.begin(), text.end(), is_name_character);
}

std::optional<std::string> secret(const std::string& variable) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    remember(value);
    return value;
}

void possible_secret(const std::string& variable) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || std::string_view(value).size() < shortest_possible || is_number(value)) return;
    remember(value);
}

std::string with_secrets(const std::string& text, std::vector<std::string>& missing) {
    std::string out;
    std::size_t at = 0;
    for (;;) {
        const std::size_t start = text.find("${", at);
        const std::size_t end = start == std::string::npos ? start : text.find('}', start);
        const std::string name = end == std::string::npos ? "" : text.substr(start + 2, end - start - 2);
        if (end == std::string::npos) return out.append(text, at);
        out.append(text, at, start - at);
        if (!is_variable_name(name)) {
            out.append(text, start, end + 1 - start);
        } else if (const auto value = secret(name)) {
            out += *value;
        } else {
            missing.push_back(name);
        }
        at = end + 1;
    }
}

std::string redact(std::string text) {
    {
        const std::lock_guard lock(mutex);
        for (const std::string& value : values) hide(text, value);
    }
    hide_keys(text);
    return text;
}

}  // namespace hil::worker
