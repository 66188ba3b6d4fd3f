// Sets of skills: what an agent has and what a conversation requires.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hil {

// Sorted by byte value, each skill once. Skills are compared byte by byte: "Billing" is not "billing".
using SkillSet = std::vector<std::string>;

inline constexpr std::size_t max_skills = 100;
inline constexpr std::size_t max_skill_bytes = 100;

// Makes a set of what a caller gave; nullopt stands for SQL NULL. White space around a skill is dropped.
// `argument` is the name by which errors call the list.
// Throws Refusal(invalid_argument) for more than max_skills entries, a NULL, a blank skill, a skill of more
// than max_skill_bytes, or a skill given twice.
SkillSet skill_set(const std::vector<std::optional<std::string>>& given, std::string_view argument);

// Returns the set without the skill `general` (setting hil.general_skill), which everyone has.
SkillSet without(const SkillSet& skills, std::string_view general);

}  // namespace hil
