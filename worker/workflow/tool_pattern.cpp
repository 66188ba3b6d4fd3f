#include "workflow/tool_pattern.hpp"

#include <cstddef>
#include <vector>

namespace hil::worker {
namespace {

// Where in the pattern one can stand after reading `text`: a star may take any number of characters, so there
// can be several places. Takes time in the product of both lengths, whatever the pattern.
std::vector<bool> places_after(std::string_view pattern, std::string_view text) {
    std::vector<bool> places(pattern.size() + 1, false);
    const auto enter = [&pattern](std::vector<bool>& into, std::size_t place) {
        into[place] = true;
        for (; place < pattern.size() && pattern[place] == '*'; ++place) into[place + 1] = true;
    };
    enter(places, 0);
    for (const char character : text) {
        std::vector<bool> next(places.size(), false);
        for (std::size_t place = 0; place < pattern.size(); ++place) {
            if (!places[place]) continue;
            if (pattern[place] == '*')
                enter(next, place);
            else if (pattern[place] == character)
                enter(next, place + 1);
        }
        places = std::move(next);
    }
    return places;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view name) { return places_after(pattern, name).back(); }

bool may_match_below(std::string_view pattern, std::string_view prefix) {
    for (const bool reachable : places_after(pattern, prefix))
        if (reachable) return true;
    return false;
}

}  // namespace hil::worker
