#include "core/escalation.hpp"
#include "core/routing.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

using Steps = std::vector<EscalationStep>;

RoutingRule rule(const std::string& skill, std::optional<int> max_wait,
                 std::optional<Steps> escalation = {}) {
    return {skill, std::nullopt, max_wait, std::move(escalation)};
}

Steps steps_of(const std::vector<RoutingRule>& rules, const SkillSet& skills) {
    return escalation_of(rules, skills, "general");
}

TEST(Escalation, WithoutARuleThereIsNone) {
    EXPECT_EQ(steps_of({}, {"billing"}), Steps{});
    EXPECT_EQ(steps_of({rule("technical", 60)}, {"billing"}), Steps{});
    EXPECT_EQ(steps_of({rule("billing", std::nullopt)}, {"billing"}), Steps{});
}

TEST(Escalation, ALongestWaitAloneMakesTheEntryMostUrgent) {
    EXPECT_EQ(steps_of({rule("billing", 600)}, {"billing"}),
              (Steps{{.after_seconds = 600, .priority = 1, .deadline = true}}));
}

TEST(Escalation, WithStepsTheLongestWaitIsOnlyNoted) {
    const Steps own = {{.after_seconds = 60, .notify = "leads"}, {.after_seconds = 600, .priority = 2}};
    EXPECT_EQ(steps_of({rule("billing", 300, own)}, {"billing"}),
              (Steps{own[0], {.after_seconds = 300, .deadline = true}, own[1]}));
    EXPECT_EQ(steps_of({rule("billing", 300, Steps{})}, {"billing"}),
              (Steps{{.after_seconds = 300, .deadline = true}}))
        << "an empty list says that there are no steps";
}

TEST(Escalation, TheStepsOfSeveralSkillsAreMergedByTime) {
    const Steps billing = {{.after_seconds = 30, .priority = 3}, {.after_seconds = 90, .priority = 1}};
    const Steps german = {{.after_seconds = 60, .notify = "leads"}};
    EXPECT_EQ(steps_of({rule("billing", std::nullopt, billing), rule("german", std::nullopt, german)},
                       {"billing", "german"}),
              (Steps{billing[0], german[0], billing[1]}));
}

TEST(Escalation, TheShortestWaitIsTheDeadlineAndEachPlainRuleHolds) {
    const Steps own = {{.after_seconds = 60, .notify = "leads"}};
    EXPECT_EQ(
        steps_of({rule("billing", 300), rule("german", 120, own)}, {"billing", "german"}),
        (Steps{own[0], {.after_seconds = 120, .deadline = true}, {.after_seconds = 300, .priority = 1}}));
    EXPECT_EQ(steps_of({rule("billing", 300), rule("german", 120)}, {"billing", "german"}),
              (Steps{{.after_seconds = 120, .priority = 1, .deadline = true}}));
}

TEST(Escalation, AtOneTimeTheDeadlineIsFirstAndTheAiLast) {
    const Steps ai = {{.after_seconds = 60, .back_to_ai = true}};
    const Steps notify = {{.after_seconds = 60, .notify = "leads"}};
    EXPECT_EQ(steps_of({rule("a", std::nullopt, ai), rule("b", 60, notify)}, {"a", "b"}),
              (Steps{{.after_seconds = 60, .deadline = true}, notify[0], ai[0]}));
}

TEST(Escalation, SkillsTakeThePlaceOfTheRulesSkillOnly) {
    const Steps billing = {{.after_seconds = 60, .skills = SkillSet{"accounts", "senior"}},
                           {.after_seconds = 120, .skills = SkillSet{}}};
    const Steps german = {{.after_seconds = 90, .skills = SkillSet{"english"}},
                          {.after_seconds = 180, .skills = SkillSet{}}};
    const Steps merged =
        steps_of({rule("billing", std::nullopt, billing), rule("german", std::nullopt, german)},
                 {"billing", "german", "vip"});
    ASSERT_EQ(merged.size(), 4U);
    EXPECT_EQ(merged[0].skills, (SkillSet{"accounts", "german", "senior", "vip"}));
    EXPECT_EQ(merged[1].skills, (SkillSet{"accounts", "english", "senior", "vip"}));
    EXPECT_EQ(merged[2].skills, (SkillSet{"english", "vip"})) << "what took its place goes with it";
    EXPECT_EQ(merged[3].skills, (SkillSet{"vip"}));

    const Steps alone = steps_of({rule("billing", std::nullopt, billing)}, {"billing"});
    EXPECT_EQ(alone[1].skills, SkillSet{"general"}) << "nothing left to require";
    // A skill that another one brought in stays where the other needs it.
    const Steps shared =
        steps_of({rule("a", std::nullopt, Steps{{.after_seconds = 1, .skills = SkillSet{"b"}}}),
                  rule("b", std::nullopt, Steps{{.after_seconds = 2, .skills = SkillSet{}}})},
                 {"a", "b"});
    EXPECT_EQ(shared[0].skills, SkillSet{"b"});
    EXPECT_EQ(shared[1].skills, SkillSet{"b"});
}

TEST(Escalation, IsStoredAndReadBack) {
    const Steps steps = {
        {.after_seconds = 60, .priority = 2, .skills = SkillSet{"a", "b"}, .notify = "Team „Süd“"},
        {.after_seconds = 90, .deadline = true},
        {.after_seconds = 120, .notify = "leads", .back_to_ai = true}};
    EXPECT_EQ(read_escalation(escalation_json(steps)), steps);
    EXPECT_EQ(escalation_json({{.after_seconds = 180, .priority = 1, .deadline = true}}).dump(),
              R"([{"after":180,"deadline":true,"priority":1}])");
}

TEST(Escalation, RouteBringsIt) {
    HilConfig hil;
    hil.routing_rules = {rule("billing", 600)};
    EXPECT_EQ(route(hil, {"billing"}, std::nullopt, "general").escalation,
              (Steps{{.after_seconds = 600, .priority = 1, .deadline = true}}));
    hil.routing_rules = {rule("anyone", 60)};
    EXPECT_EQ(route(hil, {}, std::nullopt, "anyone").escalation.size(), 1U)
        << "the general skill can have a rule as well";
}

}  // namespace
}  // namespace hil
