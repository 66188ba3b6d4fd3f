// How deep a JSON text is, before anything is made of it.
#pragma once

#include <cstddef>
#include <string_view>

namespace hil {

// How deep arrays and objects lie in one another. Brackets inside strings do not count. For text that is no
// JSON the number means nothing, but a parser never goes deeper than it. The parser's own way to bound the
// depth, a callback, is none: with one, it looks at a whole list again for each object in it.
std::size_t json_depth(std::string_view text);

}  // namespace hil
