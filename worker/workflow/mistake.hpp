// A mistake in a file that a person wrote, and where it is.
#pragma once

#include <string>
#include <tuple>
#include <vector>

namespace hil::worker {

// `line` and `column` count from 1, the column in bytes; line 0 means that the text is not at hand.
struct Mistake {
    int line = 0;
    int column = 0;
    std::string message;
};

inline bool operator<(const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
}

}  // namespace hil::worker
