#include "db/connection_string.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr const char* expected =
    "expected postgresql://user@host/database, or key=value pairs such as host=localhost dbname=support "
    "user=hil_worker";

bool libpq_understands(const std::string& given) {
    struct Free {
        void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
    };
    const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(given.c_str(), nullptr));
    return options != nullptr;
}

// A password with an @ or a / ends too early, and its rest becomes the host, the port or the database.
bool ends_too_early(std::string_view url) {
    const std::string_view address = url.substr(url.find("//") + 2);
    const std::string_view before_query = address.substr(0, address.find('?'));
    const std::size_t at = before_query.find('@');
    if (at == std::string_view::npos) return false;
    return before_query.find('@', at + 1) != std::string_view::npos || at > before_query.find('/');
}

bool begins_with_port(std::string_view text, std::size_t colon) {
    if (colon == std::string_view::npos) return false;
    const std::string_view port = text.substr(colon + 1, text.find('/', colon) - colon - 1);
    return !port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string without_password(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    const std::size_t start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const std::string scheme(url.substr(0, start));
    const std::string_view rest = url.substr(start);
    // The last one: a password can hold some too.
    const std::size_t at = rest.rfind('@'), query = rest.find('?');
    const bool has_user = at != std::string_view::npos && at < query;
    const std::string_view first = rest.substr(0, std::min(at, query));
    const std::size_t colon = first.find(':');
    const bool is_port = at == std::string_view::npos && begins_with_port(first, colon);
    std::string shown = scheme + std::string(first.substr(0, is_port ? std::string_view::npos : colon));
    if (colon != std::string_view::npos && !is_port) shown += ":[hidden]";
    if (has_user) shown += rest.substr(at, query == std::string_view::npos ? query : query - at);
    return shown;
}

std::optional<std::string> connection_string_problem(const std::string& given) {
    const bool is_url = given.starts_with("postgresql://") || given.starts_with("postgres://");
    if (is_url) {
        if (libpq_understands(given) && !ends_too_early(given)) return std::nullopt;
        return "is no valid URL of a database; " + std::string(expected) +
               ". In a URL, special characters of the user and the password are percent-encoded: % is %25, @ "
               "is "
               "%40, / is %2F, : is %3A";
    }
    const std::size_t pairs = given.find('='), scheme = given.find("://");
    if (scheme != std::string::npos && scheme < pairs)
        return "is " + in_quotes(without_password(given)) + ", which is no database's URL; " + expected;
    if (pairs != std::string::npos) {
        if (libpq_understands(given)) return std::nullopt;
        return "is no valid list of key=value pairs; " + std::string(expected) +
               ". A value with spaces stands in single quotes, and `psql` takes the same keys";
    }
    // Anything else is a database's name for libpq; what looks like an address was meant as one.
    if (given.find_first_of("/@:") == std::string::npos) return std::nullopt;
    return "is " + in_quotes(without_password(given)) + ", which does not begin with postgresql://; " +
           expected;
}

}  // namespace hil::worker
