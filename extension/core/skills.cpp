#include "core/skills.hpp"

#include <algorithm>

#include "core/refusal.hpp"
#include "core/text.hpp"

namespace hil {

namespace {

[[noreturn]] void refuse(std::string_view argument, const std::string& what, std::string hint) {
    std::string message(argument);
    message += what;
    throw Refusal(Reason::invalid_argument, message, std::move(hint));
}

}  // namespace

SkillSet skill_set(const std::vector<std::optional<std::string>>& given, std::string_view argument) {
    if (given.size() > max_skills) {
        refuse(argument,
               " must have at most " + std::to_string(max_skills) + " skills, got " +
                   std::to_string(given.size()),
               "Name fewer skills.");
    }
    SkillSet skills;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string place = " at position " + std::to_string(i + 1);
        if (!given[i]) {
            refuse(argument, " contains NULL" + place, "Leave the NULL out; an empty array names no skill.");
        }
        const std::string_view skill = trimmed(*given[i]);
        if (skill.empty()) {
            refuse(argument, " contains a blank skill" + place,
                   "Leave it out; an empty array names no skill.");
        }
        if (skill.size() > max_skill_bytes) {
            refuse(argument,
                   " must have skills of at most " + std::to_string(max_skill_bytes) + " bytes, got " +
                       std::to_string(skill.size()) + " bytes" + place,
                   "Use a short name, such as billing.");
        }
        skills.emplace_back(skill);
    }
    std::sort(skills.begin(), skills.end());
    const auto twice = std::adjacent_find(skills.begin(), skills.end());
    if (twice != skills.end()) {
        refuse(argument, " names the skill " + in_quotes(*twice) + " twice", "Name each skill once.");
    }
    return skills;
}

SkillSet without(const SkillSet& skills, std::string_view general) {
    SkillSet rest;
    std::copy_if(skills.begin(), skills.end(), std::back_inserter(rest),
                 [&](const std::string& skill) { return skill != general; });
    return rest;
}

}  // namespace hil
