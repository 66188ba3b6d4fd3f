// Addresses of web servers, read by libcurl: what is checked here is what libcurl will connect to.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hil::worker {

// What is wrong with a URL that stands in the configuration, or "": http or https, a host, no user or
// password, no fragment.
std::string url_problem(const std::string& url);

// The URL with `path` put behind its own path and `query` behind its own query. Throws std::invalid_argument
// for what url_problem refuses.
std::string url_with(const std::string& url, std::string_view path,
                     const std::vector<std::pair<std::string, std::string>>& query);

// The text with everything but letters, digits and -._~ percent-encoded: it cannot leave the part of a URL
// that it is put into.
std::string percent_encoded(std::string_view text);

}  // namespace hil::worker
