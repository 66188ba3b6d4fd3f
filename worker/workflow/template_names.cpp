#include "workflow/template_names.hpp"

#include <set>

#include "core/spelling.hpp"

namespace hil::worker {
namespace {

using Names = std::set<std::string>;

// Of minja's filters those that suit prompts and routing; template_functions.cpp runs them.
const Names filters = {"count",  "default",    "dictsort", "e",          "escape", "indent",
                       "int",    "items",      "join",     "last",       "length", "list",
                       "lower",  "map",        "reject",   "rejectattr", "safe",   "select",
                       "string", "selectattr", "tojson",   "trim",       "unique", "upper"};

const Names tests = {"boolean", "defined", "false",    "float",  "integer", "iterable", "mapping",
                     "none",    "number",  "sequence", "string", "true",    "undefined"};

const Names methods = {"append", "capitalize", "cycle",      "endswith", "get",   "insert",
                       "items",  "keys",       "lower",      "lstrip",   "pop",   "replace",
                       "rstrip", "split",      "startswith", "strip",    "title", "upper"};

std::string known_are(const Names& names, const std::string& meant) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "known are " : ", ") + name;
    return out + did_you_mean(meant, names);
}

}  // namespace

bool is_filter(const std::string& name) { return filters.count(name) > 0; }
bool is_method(const std::string& name) { return methods.count(name) > 0; }
bool is_test(const std::string& name) { return tests.count(name) > 0; }
std::string known_filters(const std::string& meant) { return known_are(filters, meant); }
std::string known_methods(const std::string& meant) { return known_are(methods, meant); }
std::string known_tests(const std::string& meant) { return known_are(tests, meant); }

}  // namespace hil::worker
