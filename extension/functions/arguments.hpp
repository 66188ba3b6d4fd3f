// Arguments that several functions read in the same way.
#pragma once

#include "core/refusal.hpp"
#include "core/routing.hpp"
#include "core/skills.hpp"
#include "engine/settings.hpp"
#include "pg/function.hpp"

namespace hil::functions {

// Longest names, emails, reasons and the like, in bytes.
inline constexpr std::size_t max_name_bytes = 200;
inline constexpr std::size_t max_reason_bytes = 10'000;

// Longest source of a workflow and longest error of a run, in bytes.
inline constexpr std::size_t max_source_bytes = 1 << 20;
inline constexpr std::size_t max_error_bytes = 1 << 20;

// Messages, notes and instructions.
inline pg::ByteLimit message_limit() {
    return {static_cast<std::size_t>(engine::settings::max_message_bytes), "hil.max_message_bytes"};
}

inline std::optional<SkillSet> maybe_skills(const pg::Arguments& arguments, int position, const char* name) {
    const auto given = arguments.maybe_texts(position);
    if (!given) return std::nullopt;
    return skill_set(*given, name);
}

inline SkillSet skills(const pg::Arguments& arguments, int position, const char* name) {
    std::optional<SkillSet> set = maybe_skills(arguments, position, name);
    if (!set)
        throw Refusal(Reason::invalid_argument, std::string(name) + " must not be NULL",
                      "Pass an array of skills, '{}' where there are none.");
    return *std::move(set);
}

inline std::optional<int> maybe_priority(const pg::Arguments& arguments, int position) {
    const auto given = arguments.maybe<std::int32_t>(position);
    if (!given) return std::nullopt;
    return checked_priority(*given, "priority");
}

}  // namespace hil::functions
