#include "workflow/template_names.hpp"

#include <set>

namespace hil::worker {
namespace {

using Names = std::set<std::string>;

// Of minja's filters those that suit prompts and routing; template_functions.cpp runs them.
const Names filters = {"count",  "default",    "dictsort", "e",          "escape", "indent",
                       "int",    "items",      "join",     "last",       "length", "list",
                       "lower",  "map",        "reject",   "rejectattr", "safe",   "select",
                       "string", "selectattr", "tojson",   "trim",       "unique", "upper"};

const Names methods = {"append", "capitalize", "cycle",      "endswith", "get",   "insert",
                       "items",  "keys",       "lower",      "lstrip",   "pop",   "replace",
                       "rstrip", "split",      "startswith", "strip",    "title", "upper"};

std::string listed(const Names& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

}  // namespace

bool is_filter(const std::string& name) { return filters.count(name) > 0; }
bool is_method(const std::string& name) { return methods.count(name) > 0; }
std::string filter_names() { return listed(filters); }
std::string method_names() { return listed(methods); }

}  // namespace hil::worker
