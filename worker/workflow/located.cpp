#include "workflow/located.hpp"

namespace hil::worker {

Mistake located(const Problem& problem, const Json& document, const Places& places) {
    const Json::json_pointer pointer(problem.pointer);
    const bool holds_values = document.contains(pointer) && document.at(pointer).is_structured();
    const bool at_key = holds_values || problem.message.starts_with("unknown key");
    const Place place = at_key ? places.key(problem.pointer) : places.value(problem.pointer);
    return {place.line, place.column, problem.message};
}

}  // namespace hil::worker
