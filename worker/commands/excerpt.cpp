#include "commands/excerpt.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t before_mark = 70, after_mark = 30;  // characters

std::string line_of(const std::string& source, int number) {
    std::istringstream lines(source);
    std::string line;
    for (int i = 0; i < number; ++i)
        if (!std::getline(lines, line)) return "";
    return line;
}

// The characters of a line, each of which takes one column of a terminal.
std::vector<std::string_view> characters_of(std::string_view line) {
    std::vector<std::string_view> characters;
    for (std::size_t at = 0; at < line.size();) {
        const Character next = character_at(line, at);
        const bool is_plain = next.code >= 0x20 && next.code != 0x7F && next.code != invalid_character;
        characters.push_back(is_plain ? line.substr(at, next.bytes) : " ");
        at += next.bytes;
    }
    return characters;
}

}  // namespace

std::string excerpt(const std::string& source, const Mistake& mistake) {
    const std::string line = line_of(source, mistake.line);
    if (is_blank(line) || mistake.column < 1) return "";
    const std::vector<std::string_view> characters = characters_of(line);
    const std::size_t bytes_before = std::min<std::size_t>(mistake.column - 1, line.size());
    const std::size_t mark = characters_of(std::string_view(line).substr(0, bytes_before)).size();
    const std::size_t first = mark > before_mark ? mark - before_mark : 0;
    const std::size_t last = std::min(characters.size(), mark + after_mark);
    std::string shown = first > 0 ? "…" : "";
    for (std::size_t i = first; i < last; ++i) shown += characters[i];
    if (last < characters.size()) shown += "…";
    const std::string number = std::to_string(mistake.line);
    const std::size_t indent = mark - first + (first > 0 ? 1 : 0);
    return "  " + number + " | " + shown + "\n  " + std::string(number.size(), ' ') + " | " +
           std::string(indent, ' ') + "^\n";
}

}  // namespace hil::worker
