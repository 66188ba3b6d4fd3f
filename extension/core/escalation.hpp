// Escalation: what is done, and when, about a conversation that waits for people too long.
#pragma once

#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/skills.hpp"
#include "core/workflow.hpp"

namespace hil {

// Returns the steps of an entry that requires `skills` (not empty), by time: those of all its skills' rules.
// - The shortest longest wait of the rules is a step with `deadline`. A rule without an escalation makes the
//   entry most urgent when its own longest wait is over.
// - A step's skills take the place of its rule's skill only; what the other skills' rules say stays. Where
//   nothing is left to require, `general` is.
// - At the same time the deadline comes first, and giving back to the AI last.
std::vector<EscalationStep> escalation_of(const std::vector<RoutingRule>& rules, const SkillSet& skills,
                                          std::string_view general);

// An entry's steps as they are stored with it, and back: [{"after", "priority", "skills", "notify",
// "back_to_ai", "deadline"}], each key only where the step has it.
Json escalation_json(const std::vector<EscalationStep>& steps);
std::vector<EscalationStep> read_escalation(const Json& stored);

}  // namespace hil
