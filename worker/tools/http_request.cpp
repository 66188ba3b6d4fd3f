#include "tools/http_request.hpp"

#include <algorithm>

#include "http/url.hpp"

namespace hil::worker {
namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_given(const Json& arguments, const std::string& name) {
    const auto found = arguments.find(name);
    return found != arguments.end() && !found->is_null();
}

// Where the path begins: behind scheme and host.
std::size_t path_start(const std::string& url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) throw BadTemplate("expected a URL that begins with https:// or http://");
    return std::min(url.find_first_of("/?{", scheme + 3), url.size());
}

std::string base_of(const std::string& url) {
    const std::size_t end = path_start(url);
    if (end < url.size() && url[end] == '{')
        throw BadTemplate("an argument cannot be part of the host; it goes into the path or the query");
    return url.substr(0, end);
}

std::string_view path_of(const std::string& url) {
    const std::size_t start = path_start(url);
    return std::string_view(url).substr(start, url.find('?', start) - start);
}

std::string query_of(const std::string& url) {
    const std::size_t mark = url.find('?');
    std::string query = mark == std::string::npos ? "" : url.substr(mark + 1);
    if (query.find_first_of("{}") != std::string::npos)
        throw BadTemplate("arguments in the query of a URL are written under the key `query`");
    return query;
}

void require_path_arguments(const ArgumentTemplate& path, const Json& arguments) {
    for (const std::string& name : path.names()) {
        if (!is_given(arguments, name)) throw BadArgument("/" + name + ": is required");
        const Json& value = arguments.at(name);
        if (value.is_structured()) throw BadArgument("/" + name + ": must be a text, a number or a boolean");
        if (text_of(value).empty()) throw BadArgument("/" + name + ": must not be empty");
    }
}

// Servers and clients take such parts of a path as ways up and down, also where they are encoded.
void require_no_way_up(std::string_view path) {
    for (std::size_t start = 0; start <= path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string_view part = path.substr(start, end - start);
        if (part == "." || part == "..") throw BadArgument("an argument would lead to another path");
        start = end + 1;
    }
}

}  // namespace

ArgumentTemplate::ArgumentTemplate(std::string_view text) {
    while (!text.empty()) {
        const std::size_t brace = text.find_first_of("{}");
        if (brace != 0) parts_.push_back({std::string(text.substr(0, brace)), false});
        if (brace == std::string_view::npos) return;
        const std::size_t end = text.find('}', brace);
        const std::string_view name =
            end == std::string_view::npos ? "" : text.substr(brace + 1, end - brace - 1);
        if (text[brace] == '}' || name.empty() || !std::all_of(name.begin(), name.end(), is_name_character))
            throw BadTemplate("a { or } belongs to no {argument}; as itself it is written %7B or %7D");
        parts_.push_back({std::string(name), true});
        text.remove_prefix(end + 1);
    }
}

std::set<std::string> ArgumentTemplate::names() const {
    std::set<std::string> names;
    for (const Part& part : parts_)
        if (part.is_name) names.insert(part.text);
    return names;
}

std::optional<std::string> ArgumentTemplate::fill(const Json& arguments, bool all_encoded) const {
    std::string filled;
    for (const Part& part : parts_) {
        if (part.is_name && !is_given(arguments, part.text)) return std::nullopt;
        if (part.is_name)
            filled += percent_encoded(text_of(arguments.at(part.text)));
        else
            filled += all_encoded ? percent_encoded(part.text) : part.text;
    }
    return filled;
}

HttpTemplate::HttpTemplate(const std::string& url, const std::map<std::string, std::string>& given_query)
    : base(base_of(url)), path(path_of(url)), fixed_query(query_of(url)) {
    for (const auto& [name, value] : given_query) query.emplace_back(name, ArgumentTemplate(value));
}

std::set<std::string> HttpTemplate::names() const {
    std::set<std::string> names = path.names();
    for (const auto& [name, value] : query) names.merge(value.names());
    return names;
}

std::string url_of(const HttpTemplate& given, const Json& arguments) {
    require_path_arguments(given.path, arguments);
    const std::string path = given.path.fill(arguments, /*all_encoded=*/false).value_or("");
    require_no_way_up(path);
    std::string url = given.base + path;
    std::string query = given.fixed_query;
    for (const auto& [name, value] : given.query)
        if (const auto filled = value.fill(arguments, /*all_encoded=*/true))
            query.append(query.empty() ? "" : "&").append(percent_encoded(name)).append("=").append(*filled);
    return query.empty() ? url : url.append("?").append(query);
}

Json rest_of(const HttpTemplate& given, const Json& arguments) {
    Json rest = arguments;
    for (const std::string& name : given.names()) rest.erase(name);
    return rest;
}

}  // namespace hil::worker
