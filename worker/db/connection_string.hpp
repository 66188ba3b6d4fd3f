// What names the database: a URL or key=value pairs, as libpq takes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hil::worker {

// What is wrong with it, for whoever wrote it; nothing where libpq understands it as Connection takes it.
// What libpq itself says about a broken one, or about the parts of one that it took apart in the wrong
// places, can hold the password; so this is to be asked before a connection is tried, and no other message
// repeats any of it. An empty one is good: libpq's environment variables count.
std::optional<std::string> connection_string_problem(const std::string& given);

// A URL as it may be shown: without its password, and without what follows a question mark.
std::string without_password(std::string_view url);

}  // namespace hil::worker
