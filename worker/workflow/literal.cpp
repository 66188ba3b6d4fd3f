#include "workflow/literal.hpp"

#include <charconv>
#include <string>

#include "core/refusal.hpp"
#include "core/run_result.hpp"
#include "core/text.hpp"

namespace hil::worker {
namespace {

// Reads what stands between quotes, JSON's and Python's escapes understood, and moves past it.
std::optional<std::string> read_quoted(std::string_view& rest) {
    const char quote = rest.front();
    std::string json = "\"";
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (rest[at] == quote) {
            rest.remove_prefix(at + 1);
            const Json text = Json::parse(json + "\"", nullptr, false);
            if (!text.is_string()) return std::nullopt;
            return text.get<std::string>();
        }
        if (rest[at] == '\\' && at + 1 < rest.size()) {
            ++at;
            json += rest[at] == '\'' ? "'" : std::string("\\") + rest[at];
        } else {
            json += rest[at] == '"' ? "\\\"" : std::string(1, rest[at]);
        }
    }
    return std::nullopt;
}

void skip_space(std::string_view& rest) {
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
}

std::optional<long long> read_integer(std::string_view text) {
    long long value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<Json> read_list(std::string_view text) {
    std::string_view rest = trimmed(text);
    if (rest.size() < 2 || rest.front() != '[' || rest.back() != ']') return std::nullopt;
    rest = rest.substr(1, rest.size() - 2);
    Json list = Json::array();
    for (skip_space(rest); !rest.empty(); skip_space(rest)) {
        if (rest.front() != '\'' && rest.front() != '"') return std::nullopt;
        const auto item = read_quoted(rest);
        if (!item) return std::nullopt;
        list.push_back(*item);
        skip_space(rest);
        if (rest.empty()) break;
        if (rest.front() != ',') return std::nullopt;
        rest.remove_prefix(1);
    }
    return list;
}

Json typed_field(std::string_view key, const std::string& text) {
    const std::string_view bare = trimmed(text);
    if (key == "required_skills") {
        if (bare.empty()) return Json::array();
        if (auto list = read_list(bare)) return *list;
        return bare.front() == '[' ? Json(text) : Json::array({std::string(bare)});
    }
    if (key == "priority")
        if (const auto number = read_integer(bare)) return *number;
    return text;
}

std::optional<std::string> route_complaint(const std::string& key, const std::string& text) {
    for (const char* opening : {"{{", "{%", "{#"})
        if (text.find(opening) != std::string::npos) return std::nullopt;
    try {
        read_sink_route({{key, typed_field(key, text)}}, "config");
    } catch (const Refusal& refusal) {
        return refusal.what();
    }
    return std::nullopt;
}

}  // namespace hil::worker
