// The request of an HTTP tool, made of a template and the arguments of a call. Pure: nothing is sent here.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.hpp"

namespace hil::worker {

// Arguments that would lead elsewhere than the template says. The model is told what().
class BadArgument : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// A template that means nothing.
class BadTemplate : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Text with places for arguments: `orders/{order_id}.json`.
class ArgumentTemplate {
  public:
    // Throws BadTemplate for a `{` or `}` that belongs to no {name}.
    explicit ArgumentTemplate(std::string_view text);

    std::set<std::string> names() const;

    // With the arguments filled in, percent-encoded but for unreserved characters; what stands between them
    // is encoded too if `all_encoded`. Nothing: an argument is not there, or null.
    std::optional<std::string> fill(const Json& arguments, bool all_encoded) const;

  private:
    struct Part {
        std::string text;
        bool is_name;
    };
    std::vector<Part> parts_;
};

// `base` is scheme and host, which no argument can change.
struct HttpTemplate {
    // Throws BadTemplate.
    HttpTemplate(const std::string& url, const std::map<std::string, std::string>& query);

    std::string base;
    ArgumentTemplate path;
    std::string fixed_query;  // of the URL itself
    std::vector<std::pair<std::string, ArgumentTemplate>> query;

    std::set<std::string> names() const;
};

// Throws BadArgument where an argument of the path is missing, empty, no text, number or boolean, or makes a
// `.` or `..` between slashes. A query parameter whose argument is not given is left out.
std::string url_of(const HttpTemplate&, const Json& arguments);

// The arguments that no placeholder took.
Json rest_of(const HttpTemplate&, const Json& arguments);

}  // namespace hil::worker
