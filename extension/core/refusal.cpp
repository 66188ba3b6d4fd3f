#include "core/refusal.hpp"

#include <utility>

namespace hil {

Refusal::Refusal(Reason reason, const std::string& message, std::string hint, std::string detail)
    : std::runtime_error(message), reason_(reason), hint_(std::move(hint)), detail_(std::move(detail)) {}

}  // namespace hil
