#include "core/routing.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

HilConfig with_rules() {
    HilConfig hil;
    hil.routing_rules = {{"returns", 5, 300},
                         {"technical", 3, 180},
                         {"billing", 7, 600},
                         {"vip", 1, std::nullopt},
                         {"legal", std::nullopt, 60}};
    return hil;
}

TEST(Routing, PrioritiesFrom1To10AreAllowed) {
    for (int priority = 1; priority <= 10; ++priority)
        EXPECT_EQ(checked_priority(priority, "priority"), priority);
}

TEST(Routing, OtherPrioritiesAreRefused) {
    for (const long long priority : {0LL, 11LL, -1LL, 4294967297LL}) {
        const Refusal refusal = refusal_of([&] { checked_priority(priority, "priority"); });
        EXPECT_EQ(refusal.reason(), Reason::invalid_argument);
        EXPECT_EQ(std::string(refusal.what()),
                  "priority must be between 1 and 10, got " + std::to_string(priority));
    }
}

TEST(Routing, TakesTheMostUrgentRuleAndTheShortestWait) {
    const Route technical = route(with_rules(), {"billing", "technical"}, std::nullopt, "general");
    EXPECT_EQ(technical.skills, (SkillSet{"billing", "technical"}));
    EXPECT_EQ(technical.priority, 3);
    EXPECT_EQ(technical.max_wait_seconds, 180);

    const Route last_is_smallest = route(with_rules(), {"returns", "technical"}, std::nullopt, "general");
    EXPECT_EQ(last_is_smallest.priority, 3);
    EXPECT_EQ(last_is_smallest.max_wait_seconds, 180);

    // Priority and wait may come from different rules, and a rule may say only one of them.
    const Route mixed = route(with_rules(), {"legal", "vip"}, std::nullopt, "general");
    EXPECT_EQ(mixed.priority, 1);
    EXPECT_EQ(mixed.max_wait_seconds, 60);
}

TEST(Routing, AGivenPriorityWinsButTheWaitStays) {
    const Route low = route(with_rules(), {"technical"}, 9, "general");
    EXPECT_EQ(low.priority, 9);
    EXPECT_EQ(low.max_wait_seconds, 180);
}

TEST(Routing, SkillsWithoutARuleGetTheDefaults) {
    const Route unknown = route(with_rules(), {"gardening"}, std::nullopt, "general");
    EXPECT_EQ(unknown.priority, 5);
    EXPECT_EQ(unknown.max_wait_seconds, std::nullopt);
}

TEST(Routing, NoSkillsMeansTheGeneralOne) {
    HilConfig hil;
    EXPECT_EQ(route(hil, {}, std::nullopt, "anyone").skills, SkillSet{"anyone"});
    hil.routing_rules = {{"anyone", 8, 900}};
    const Route general = route(hil, {}, std::nullopt, "anyone");
    EXPECT_EQ(general.priority, 8) << "the general skill can have a rule as well";
    EXPECT_EQ(general.max_wait_seconds, 900);
}

TEST(Routing, RulesHoldAlsoWhenTheTriggersAreOff) {
    HilConfig hil = with_rules();
    hil.enabled = false;
    EXPECT_EQ(route(hil, {"technical"}, std::nullopt, "general").priority, 3);
}

}  // namespace
}  // namespace hil
