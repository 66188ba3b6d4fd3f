#include "workflow/yaml_advice.hpp"

#include <map>

namespace hil::worker {
namespace {

const std::map<std::string, std::string> advice = {
    {"illegal map value",
     "a `KEY:` cannot stand here; a text that has a colon and a space in it needs quotes, and all keys of a "
     "map "
     "the same indentation"},
    {"illegal map key", "a `KEY:` cannot stand here; all keys of a map need the same indentation"},
    {"illegal block entry", "an item `- ...` cannot stand here; it needs a line of its own below its key"},
    {"illegal tab when looking for indentation", "a tab stands in the indentation; write spaces"},
    {"illegal EOF in scalar", "a text in quotes is not closed"},
    {"illegal flow end", "this bracket closes nothing"},
    {"unknown token", "a text that begins with this character needs quotes"},
    {"end of map not found", "expected `KEY: VALUE` with the indentation of the keys before, or less"},
    {"end of map flow not found", "a `{` is not closed: expected `,` or `}` before this"},
    {"end of sequence not found", "expected `- ` with the indentation of the items before, or less"},
    {"end of sequence flow not found", "a `[` is not closed: expected `,` or `]` before this"},
    {"the referenced anchor is not defined",
     "a text that begins with `*` needs quotes, unless it repeats what `&NAME` named before"},
    {"alias not found after *", "a text that begins with `*` needs quotes"},
    {"anchor not found after &", "a text that begins with `&` needs quotes"}};

}  // namespace

std::string with_advice(const std::string& message) {
    const auto known = advice.find(message);
    return known == advice.end() ? message : message + ": " + known->second;
}

}  // namespace hil::worker
