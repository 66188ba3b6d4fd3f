// Types YAML scalars by the core schema.
#pragma once

#include <string>

#include "core/json.hpp"

namespace hil::worker {

struct Scalar {
    Json value;
    std::string problem;  // empty, or what is wrong
};

// `tag` is yaml-cpp's: "?" for a plain scalar, "!" for a quoted or block one, else the tag as written.
Scalar read_scalar(const std::string& text, const std::string& tag);

}  // namespace hil::worker
