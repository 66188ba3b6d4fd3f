// What a tool gave, as the model and the database get it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hil::worker {

// The text as UTF-8 that the database takes (a broken byte and a control character that is no tab or end of a
// line become U+FFFD), at most `max_bytes` of it: what is longer is cut between characters, with a mark that
// says so. The mark is beyond the limit. In JSON it takes at most twice the bytes.
// Secrets that the worker has read are hidden.
std::string result_text(std::string_view text, std::size_t max_bytes);

}  // namespace hil::worker
