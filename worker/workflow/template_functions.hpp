// The functions that rewritten templates call (see expression_syntax.hpp). Includes minja, so only
// template.cpp and template_functions.cpp include this.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <minja/minja.hpp>
#include <string>

namespace hil::worker {

// What one rendering, in one thread, may still cost. Not thread-safe.
class Budget {
  public:
    // Throws TemplateError when the operations or the time are used up.
    void spend(std::size_t operations);
    // Throws TemplateError when that many more bytes of output are too many.
    void print(std::size_t bytes);

  private:
    std::size_t operations_ = 100'000;
    std::size_t bytes_ = 1 << 20;
    std::chrono::nanoseconds deadline_ = computed() + std::chrono::seconds(2);

    // For how long this thread has computed: what a template may cost does not depend on what else the
    // machine does.
    static std::chrono::nanoseconds computed();
};

// Returns a context with the functions `_hil_…`. What they have in common: something undefined as their
// subject gives something undefined, not an error.
std::shared_ptr<minja::Context> template_functions(const std::shared_ptr<Budget>& budget);

}  // namespace hil::worker
