#include "engine/skill_sets.hpp"

#include <map>

#include "engine/settings.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::Statement;
using Texts = std::vector<std::string>;

// Sets that are remembered from one call to the next.
constexpr std::size_t max_remembered = 1000;
const pg::Lookup<std::int32_t> set_by_id{"skill_sets", {.index = "skill_sets_pkey", .keys = "id"}, "skills"};

const Statement<Texts> find_set{
    "SELECT id FROM hil.skill_sets WHERE digest = sha256(convert_to($1::text, 'UTF8'))"};
const Statement<Texts> find_profile{
    "SELECT id FROM hil.skill_profiles WHERE digest = sha256(convert_to($1::text, 'UTF8'))"};

// Written, not just locked: a transaction with an older snapshot, which would not see what this one adds,
// must fail and not add beside it.
const Statement<std::int32_t> take_turn{"UPDATE hil.skill_sets SET skills = skills WHERE id = $1"};

const Statement<Texts> insert_set{
    "WITH added AS (INSERT INTO hil.skill_sets (skills, digest) "
    "               VALUES ($1, sha256(convert_to($1::text, 'UTF8'))) RETURNING id), "
    "covers AS (INSERT INTO hil.skill_covers (profile_id, skill_set_id) "
    "           SELECT p.id, added.id FROM hil.skill_profiles p, added WHERE p.skills @> $1) "
    "SELECT id FROM added"};
const Statement<Texts> insert_profile{
    "WITH added AS (INSERT INTO hil.skill_profiles (skills, digest) "
    "               VALUES ($1, sha256(convert_to($1::text, 'UTF8'))) RETURNING id), "
    "covers AS (INSERT INTO hil.skill_covers (profile_id, skill_set_id) "
    "           SELECT added.id, s.id FROM hil.skill_sets s, added WHERE $1 @> s.skills) "
    "SELECT id FROM added"};

// Nothing where others are adding and `wait` is false.
std::optional<std::int32_t> intern(const Statement<Texts>& find, const Statement<Texts>& insert,
                                   const SkillSet& skills, bool wait) {
    const pg::PlansByIndex by_index;
    pg::Rows rows = find(skills);
    if (rows.empty()) {
        if (!wait && !set_by_id.try_lock(empty_skill_set)) return std::nullopt;
        take_turn(empty_skill_set);
        rows = find(skills);
        if (rows.empty()) rows = insert(skills);
    }
    return rows.front().get<std::int32_t>(0);
}

std::optional<std::int32_t> intern_required(const SkillSet& skills, bool wait) {
    const SkillSet special = without(skills, settings::general());
    if (special.empty()) return empty_skill_set;
    // A set never changes its id, but the extension may have been dropped and created again, or the
    // transaction rolled back that added the set: what is remembered is looked up.
    static std::map<SkillSet, std::int32_t> remembered;
    const auto known = remembered.find(special);
    if (known != remembered.end()) {
        const std::optional<pg::Row> row = set_by_id.find(known->second);
        if (row && row->get<SkillSet>(0) == special) return known->second;
    }
    const std::optional<std::int32_t> id = intern(find_set, insert_set, special, wait);
    if (!id) return std::nullopt;
    if (remembered.size() >= max_remembered) remembered.clear();
    return remembered[special] = *id;
}

}  // namespace

std::int32_t intern_required(const SkillSet& skills) { return intern_required(skills, true).value(); }

std::optional<std::int32_t> try_intern_required(const SkillSet& skills) {
    return intern_required(skills, false);
}

std::int32_t intern_profile(const SkillSet& skills) {
    return intern(find_profile, insert_profile, skills, true).value();
}

}  // namespace hil::engine
