// Finds the name that somebody meant who wrote another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hil {

// Returns how many letters were changed, left out, added or swapped with their neighbour to make `word` of
// `name`; nothing where that is more than a slip of the pen. The case of letters does not count. Of two names
// of which one goes on where the other ends (`prompt`, `prompt_template`), either can be meant.
std::optional<std::size_t> slips(std::string_view word, std::string_view name);

// Returns "; did you mean NAME?" with the nearest of the names (of equals the first), or "" where none is
// near.
template <typename Names>
std::string did_you_mean(std::string_view word, const Names& names) {
    std::optional<std::size_t> fewest;
    std::string_view nearest;
    for (const auto& name : names) {
        const auto count = slips(word, name);
        if (!count || (fewest && *fewest <= *count)) continue;
        fewest = count;
        nearest = name;
    }
    return fewest ? "; did you mean " + std::string(nearest) + "?" : "";
}

}  // namespace hil
