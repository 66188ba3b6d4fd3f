// Searching in long texts, in time that grows with their length alone: the texts in a template may be chosen
// by somebody who wants it to take long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hil::worker {

// Where `wanted` first occurs at or after `from`, or npos.
std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from = 0);

// The parts between the separators, which are not empty.
std::vector<std::string> split_text(std::string_view text, std::string_view separator);

// With the first `count` occurrences of `before`, which is not empty, replaced. Throws TemplateError for a
// result of more than `most` bytes.
std::string replaced_text(std::string_view text, std::string_view before, std::string_view after,
                          std::int64_t count, std::size_t most);

// Every byte of the text once.
std::string bytes_in(std::string_view text);

}  // namespace hil::worker
