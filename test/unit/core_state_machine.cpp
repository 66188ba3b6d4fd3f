#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/state_machine.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

const std::vector<State> all_states = {State::new_,     State::ai_processing, State::finished,
                                       State::handover, State::pending_human, State::human_active,
                                       State::resolved, State::back_to_ai};

// The design's table once more, written out by hand: from each state, where one may go.
const std::map<std::string, std::set<std::string>> design = {
    {"new", {"ai_processing", "handover"}},
    {"ai_processing", {"finished", "handover"}},
    {"finished", {"ai_processing", "handover"}},
    {"handover", {"pending_human"}},
    {"pending_human", {"human_active", "resolved", "back_to_ai"}},
    {"human_active", {"pending_human", "resolved", "back_to_ai"}},
    {"resolved", {"ai_processing", "handover"}},
    {"back_to_ai", {"ai_processing", "handover"}},
};

TEST(StateMachine, AllowsForEveryPairWhatTheDesignAllows) {
    for (const State from : all_states) {
        for (const State to : all_states) {
            const bool allowed = design.at(std::string(name(from))).contains(std::string(name(to)));
            EXPECT_EQ(can_move(from, to), allowed) << name(from) << " to " << name(to);
            if (allowed) {
                EXPECT_NO_THROW(require_move(from, to)) << name(from) << " to " << name(to);
            } else {
                EXPECT_THROW(require_move(from, to), Refusal) << name(from) << " to " << name(to);
            }
        }
    }
}

TEST(StateMachine, RefusalNamesBothStatesAndTheWaysOut) {
    const Refusal refusal = refusal_of([] { require_move(State::human_active, State::finished); });
    EXPECT_EQ(refusal.reason(), Reason::wrong_state);
    EXPECT_TRUE(says(refusal.what(), "human_active"));
    EXPECT_TRUE(says(refusal.what(), "finished"));
    for (const char* reachable : {"pending_human", "resolved", "back_to_ai"}) {
        EXPECT_TRUE(says(refusal.hint(), reachable));
    }
    EXPECT_FALSE(says(refusal.hint(), "finished"));
}

TEST(StateMachine, EveryMoveStandsInTheTableOnceWithASentence) {
    std::set<std::pair<State, State>> seen;
    for (const Edge& edge : edges()) {
        EXPECT_TRUE(seen.emplace(edge.from, edge.to).second) << name(edge.from) << " to " << name(edge.to);
        const std::string sentence = edge.when;
        ASSERT_FALSE(sentence.empty());
        EXPECT_EQ(sentence.back(), '.') << sentence;
    }
    EXPECT_EQ(seen.size(), 17u);
}

TEST(StateMachine, NamesAreThoseThatAreStored) {
    const std::vector<std::string> stored = {"new",           "ai_processing", "finished", "handover",
                                             "pending_human", "human_active",  "resolved", "back_to_ai"};
    for (std::size_t i = 0; i < all_states.size(); ++i) {
        EXPECT_EQ(name(all_states[i]), stored[i]);
        EXPECT_EQ(state_named(stored[i]), all_states[i]);
    }
    EXPECT_EQ(state_named("closed"), std::nullopt);
    EXPECT_EQ(state_named("New"), std::nullopt);
    EXPECT_EQ(state_named(""), std::nullopt);
}

TEST(StateMachine, TimeIsBookedOnWhoeverHasTheConversation) {
    const std::map<State, Clock> expected = {
        {State::new_, Clock::none},
        {State::ai_processing, Clock::ai},
        {State::finished, Clock::none},
        {State::handover, Clock::waiting},
        {State::pending_human, Clock::waiting},
        {State::human_active, Clock::human},
        {State::resolved, Clock::none},
        {State::back_to_ai, Clock::none},
    };
    for (const auto& [state, clock] : expected) EXPECT_EQ(clock_of(state), clock) << name(state);
}

}  // namespace
}  // namespace hil
