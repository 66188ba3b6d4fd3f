// Sets of skills as numbers: what entries require, what agents have, and which covers which.
#pragma once

#include <cstdint>
#include <optional>

#include "core/skills.hpp"

namespace hil::engine {

// Requires nothing that not everybody has; every profile covers it.
inline constexpr std::int32_t empty_skill_set = 0;

// Number of a required set; hil.general_skill, which everybody has, does not count.
// intern_profile: number of a set that an agent has.
// What was never seen before is added, which waits for other sessions that add: both are called before any
// agent's row is locked. Under REPEATABLE READ adding fails (40001) where another session has added since the
// snapshot.
std::int32_t intern_required(const SkillSet& skills);
std::int32_t intern_profile(const SkillSet& skills);

// As intern_required, for work that must not wait: nothing where it would.
std::optional<std::int32_t> try_intern_required(const SkillSet& skills);

}  // namespace hil::engine
