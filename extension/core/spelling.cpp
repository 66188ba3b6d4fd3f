#include "core/spelling.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.hpp"

namespace hil {

namespace {

// No name is longer, and a word from outside can be of any length.
constexpr std::size_t max_bytes = 64;
// The shortest word whose sequel is guessed.
constexpr std::size_t min_bytes_of_part = 4;

// The distance of optimal string alignment, by three rows of its table.
std::size_t distance(std::string_view word, std::string_view name) {
    std::array<std::size_t, max_bytes + 1> before_last{}, last{}, row{};
    for (std::size_t j = 0; j <= name.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
        before_last = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= name.size(); ++j) {
            const std::size_t changed = word[i - 1] == name[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + changed});
            const bool swapped = i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
    }
    return row[name.size()];
}

}  // namespace

std::optional<std::size_t> slips(std::string_view word, std::string_view name) {
    if (word.empty() || name.empty() || word.size() > max_bytes || name.size() > max_bytes)
        return std::nullopt;
    const std::string one = lower_case(word), other = lower_case(name);
    const std::size_t most = std::max<std::size_t>(1, std::max(one.size(), other.size()) / 3);
    const std::size_t count = distance(one, other);
    if (count <= most && count < other.size()) return count;
    const auto& [part, whole] = std::minmax(
        one, other, [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
    const bool goes_on =
        part.size() >= min_bytes_of_part && (whole.starts_with(part) || whole.ends_with(part));
    return goes_on ? std::optional(count) : std::nullopt;
}

}  // namespace hil
