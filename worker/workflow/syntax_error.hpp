// What the parsers of templates and expressions throw.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace hil::worker {

// `offset` counts the bytes before the spot in the text that was parsed.
class SyntaxError : public std::runtime_error {
  public:
    SyntaxError(std::size_t offset, const std::string& message)
        : std::runtime_error(message), offset_(offset) {}
    std::size_t offset() const { return offset_; }

  private:
    std::size_t offset_;
};

}  // namespace hil::worker
