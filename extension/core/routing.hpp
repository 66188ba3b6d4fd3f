// Where a handover goes in the queue.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/skills.hpp"
#include "core/workflow.hpp"

namespace hil {

inline constexpr int highest_priority = 1;
inline constexpr int lowest_priority = 10;
inline constexpr int default_priority = 5;

struct Route {
    SkillSet skills;  // never empty
    int priority;     // 1 (highest) to 10
    std::optional<int> max_wait_seconds;
    std::vector<EscalationStep> escalation = {};  // by time; see core/escalation.hpp
};

// Returns `given` if it is a priority. `argument` is the name by which errors call it.
// Throws Refusal(invalid_argument) unless it is between 1 and 10.
int checked_priority(long long given, std::string_view argument);

// Applies the routing rules, also when the triggers are off. The skills are those required, or `general`
// alone where none are. The priority is `priority` (as checked_priority returned it), else the smallest one
// of the skills' rules, else 5. The longest wait is the smallest one of the skills' rules, or none. The
// escalation is the rules' merged.
Route route(const HilConfig& hil, const SkillSet& required, std::optional<int> priority,
            std::string_view general);

}  // namespace hil
