#include "core/routing.hpp"

#include <algorithm>
#include <string>

#include "core/escalation.hpp"
#include "core/refusal.hpp"

namespace hil {

namespace {

// Returns the smaller one of what is there.
std::optional<int> smaller(std::optional<int> a, std::optional<int> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

int checked_priority(long long given, std::string_view argument) {
    if (given < highest_priority || given > lowest_priority) {
        std::string message(argument);
        message += " must be between " + std::to_string(highest_priority) + " and " +
                   std::to_string(lowest_priority) + ", got " + std::to_string(given);
        throw Refusal(Reason::invalid_argument, message,
                      "1 is the most urgent, 10 the least. Leave it out to let the routing rules decide.");
    }
    return static_cast<int>(given);
}

Route route(const HilConfig& hil, const SkillSet& required, std::optional<int> priority,
            std::string_view general) {
    Route result{required, default_priority, std::nullopt};
    if (result.skills.empty()) result.skills.emplace_back(general);

    std::optional<int> rule_priority;
    for (const RoutingRule& rule : hil.routing_rules) {
        if (!std::binary_search(result.skills.begin(), result.skills.end(), rule.skill)) continue;
        rule_priority = smaller(rule_priority, rule.priority);
        result.max_wait_seconds = smaller(result.max_wait_seconds, rule.max_wait_seconds);
    }
    result.escalation = escalation_of(hil.routing_rules, result.skills, general);
    if (const auto chosen = priority ? priority : rule_priority) result.priority = *chosen;
    return result;
}

}  // namespace hil
