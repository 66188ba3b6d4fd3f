#include <string>
#include <vector>

#include "core/skills.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

using Given = std::vector<std::optional<std::string>>;

Refusal refused(const Given& given) {
    return refusal_of([&] { skill_set(given, "required_skills"); });
}

TEST(Skills, AreSortedAndFreeOfTheWhiteSpaceAroundThem) {
    EXPECT_EQ(skill_set({" technical", "billing\n", "order management"}, "skills"),
              (SkillSet{"billing", "order management", "technical"}));
    EXPECT_EQ(skill_set({}, "skills"), SkillSet{});
}

TEST(Skills, AreKeptAsWritten) {
    EXPECT_EQ(skill_set({"Rückgabe", "billing", "Billing"}, "skills"),
              (SkillSet{"Billing", "Rückgabe", "billing"}));
}

TEST(Skills, EachKindOfBadListIsRefusedInItsOwnWords) {
    const Refusal null = refused({"billing", std::nullopt});
    EXPECT_EQ(std::string(null.what()), "required_skills contains NULL at position 2");
    EXPECT_TRUE(says(null.hint(), "NULL"));

    const Refusal blank = refused({" \t"});
    EXPECT_EQ(std::string(blank.what()), "required_skills contains a blank skill at position 1");
    EXPECT_EQ(std::string(refused({"a", ""}).what()), "required_skills contains a blank skill at position 2");

    const Refusal twice = refused({"billing", "returns", "billing"});
    EXPECT_EQ(std::string(twice.what()), "required_skills names the skill \"billing\" twice");

    const Refusal many = refused(Given(10'000, "billing"));
    EXPECT_EQ(std::string(many.what()), "required_skills must have at most 100 skills, got 10000");

    const Refusal long_one = refused({std::string(101, 'x')});
    EXPECT_EQ(std::string(long_one.what()),
              "required_skills must have skills of at most 100 bytes, got 101 bytes at position 1");

    for (const Refusal& refusal : {null, blank, twice, many, long_one}) {
        EXPECT_EQ(refusal.reason(), Reason::invalid_argument);
    }
}

TEST(Skills, TheLimitsThemselvesAreAllowed) {
    Given given;
    for (int i = 0; i < 100; ++i) given.push_back("skill " + std::to_string(i));
    EXPECT_EQ(skill_set(given, "skills").size(), 100u);
    EXPECT_EQ(skill_set({std::string(100, 'x')}, "skills").size(), 1u);
}

TEST(Skills, DuplicatesAreFoundBehindWhiteSpace) {
    EXPECT_TRUE(says(refused({"billing", "billing "}).what(), "twice"));
}

TEST(Skills, WithoutDropsOnlyTheGeneralSkill) {
    EXPECT_EQ(without({"billing", "general", "returns"}, "general"), (SkillSet{"billing", "returns"}));
    EXPECT_EQ(without({"general"}, "general"), SkillSet{});
    EXPECT_EQ(without({"billing"}, "general"), SkillSet{"billing"});
}

}  // namespace
}  // namespace hil
