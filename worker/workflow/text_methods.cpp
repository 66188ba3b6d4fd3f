#include "workflow/text_methods.hpp"

#include <cstring>
#include <set>

#include "workflow/template.hpp"

namespace hil::worker {

// std::string::find compares the whole text again from each place where it could begin. memmem never does.
std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from) {
    if (from > text.size()) return std::string_view::npos;
    const std::string_view rest = text.substr(from);
    const void* const found = memmem(rest.data(), rest.size(), wanted.data(), wanted.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::vector<std::string> split_text(std::string_view text, std::string_view separator) {
    std::vector<std::string> parts;
    std::size_t start = 0, end = 0;
    while ((end = find_text(text, separator, start)) != std::string_view::npos) {
        parts.emplace_back(text.substr(start, end - start));
        start = end + separator.size();
    }
    parts.emplace_back(text.substr(start));
    return parts;
}

std::string replaced_text(std::string_view text, std::string_view before, std::string_view after,
                          std::int64_t count, std::size_t most) {
    std::string out;
    const auto add = [&](std::string_view more) {
        if (out.size() + more.size() > most) throw TemplateError("the replaced text is too long");
        out += more;
    };
    std::size_t start = 0, end = 0;
    while (count-- > 0 && (end = find_text(text, before, start)) != std::string_view::npos) {
        add(text.substr(start, end - start));
        add(after);
        start = end + before.size();
    }
    add(text.substr(start));
    return out;
}

std::string bytes_in(std::string_view text) {
    const std::set<char> bytes(text.begin(), text.end());
    return {bytes.begin(), bytes.end()};
}

}  // namespace hil::worker
