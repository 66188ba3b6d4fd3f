#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include "core/triggers.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

HilConfig with_patterns(std::vector<std::string> patterns) {
    HilConfig hil;
    hil.explicit_patterns = std::move(patterns);
    return hil;
}

bool asks(const std::string& pattern, const std::string& message) {
    return explicit_request(with_patterns({pattern}), message).has_value();
}

// ---- explicit_request

TEST(ExplicitRequest, FindsThePhraseWhereverItStands) {
    EXPECT_TRUE(asks("escalate", "escalate"));
    EXPECT_TRUE(asks("escalate", "escalate this now"));
    EXPECT_TRUE(asks("escalate", "I said: escalate"));
    EXPECT_TRUE(asks("escalate", "please ESCALATE!"));
    EXPECT_TRUE(asks("Speak To Human", "can I speak to human?"));
    EXPECT_FALSE(asks("escalate", "where is my parcel"));
    EXPECT_FALSE(asks("escalate", ""));
    EXPECT_FALSE(asks("escalate", "escalat"));
}

TEST(ExplicitRequest, MatchesWholeWordsOnly) {
    EXPECT_FALSE(asks("escalate", "the fees have escalated"));
    EXPECT_FALSE(asks("escalate", "deescalate"));
    EXPECT_FALSE(asks("escalate", "escalate_2"));
    EXPECT_FALSE(asks("escalate", "escalate2"));
    EXPECT_FALSE(asks("agent", "a reagent"));
    EXPECT_FALSE(asks("human", "humané"));
    EXPECT_FALSE(asks("human", "éhuman"));
    EXPECT_TRUE(asks("escalate", "let us de-escalate"));
    EXPECT_TRUE(asks("escalate", "(escalate)"));
    EXPECT_TRUE(asks("mensch ärger", "Mensch ärger!"));
}

TEST(ExplicitRequest, ALaterOccurrenceCountsWhereAnEarlierOneIsPartOfAWord) {
    EXPECT_TRUE(asks("escalate", "escalated fees, so escalate"));
    EXPECT_TRUE(asks("a a", "ba a a"));
    EXPECT_TRUE(asks("no no human", "no no no human"));
}

TEST(ExplicitRequest, APatternThatEndsInPunctuationNeedsNoBoundaryThere) {
    EXPECT_TRUE(asks("#human", "give me a#human"));
    EXPECT_TRUE(asks("help!", "help!me"));
    EXPECT_FALSE(asks("#human", "#humans"));
}

TEST(ExplicitRequest, AnyWhiteSpaceIsOneSpace) {
    EXPECT_TRUE(asks("speak to human", "speak \t to\r\n\r\nhuman"));
    EXPECT_TRUE(asks("  speak\n to   human ", "I want to speak to human."));
    EXPECT_FALSE(asks("speak to human", "speakto human"));
    EXPECT_FALSE(asks("escalate", "esca late"));
}

TEST(ExplicitRequest, WhatPhonesMakeOfPunctuationIsNoPartOfAWord) {
    EXPECT_TRUE(asks("escalate", "please “escalate” this"));
    EXPECT_TRUE(asks("escalate", "escalate… now"));
    EXPECT_TRUE(asks("escalate", "no—escalate—now"));
    EXPECT_TRUE(asks("escalate", "¡escalate!"));
    EXPECT_TRUE(asks("speak to human", "speak\u00a0to\u2003human"));
    EXPECT_TRUE(asks("don't want a bot", "I don’t want a bot"));
    EXPECT_TRUE(asks("don’t want a bot", "I don't want a bot"));
}

TEST(ExplicitRequest, BytesThatAreNoUtf8DoNoHarm) {
    EXPECT_TRUE(asks("escalate", "\xff\xe2\x80 escalate \xc3"));
    EXPECT_FALSE(asks("escalate", "escalate\xff"));
}

TEST(ExplicitRequest, NamesThePatternThatMatched) {
    const auto hit = explicit_request(with_patterns({"speak to human", "escalate"}), "Escalate!");
    ASSERT_TRUE(hit);
    EXPECT_EQ(hit->trigger, "explicit_request");
    EXPECT_EQ(hit->reason, "Customer asked for a human: \"escalate\"");
}

TEST(ExplicitRequest, NothingWithoutPatternsOrWhenSwitchedOff) {
    EXPECT_FALSE(explicit_request(HilConfig{}, "speak to human"));
    EXPECT_FALSE(asks("", "anything"));
    EXPECT_FALSE(asks(" ", "any thing"));
    HilConfig off = with_patterns({"escalate"});
    off.enabled = false;
    EXPECT_FALSE(explicit_request(off, "escalate"));
}

TEST(ExplicitRequest, AMegabyteTakesLinearTime) {
    // Each position begins a match that fails only at its very end: 10^11 comparisons for a naive search.
    const std::string message(1 << 20, 'a');
    const std::string pattern = std::string(100'000, 'a') + "b";
    const std::clock_t begin = std::clock();
    EXPECT_FALSE(asks(pattern, message));
    EXPECT_TRUE(asks("escalate", std::string(1 << 20, ' ') + "escalate"));
    EXPECT_TRUE(asks("escalate", message + " escalate"));
    EXPECT_LT(std::clock() - begin, 10 * CLOCKS_PER_SEC);
}

// ---- judge_step

HilConfig all_triggers() {
    HilConfig hil;
    hil.agent_decision = true;
    hil.confidence_threshold = 0.7;
    hil.complexity_levels = {"high"};
    return hil;
}

std::string fired(const HilConfig& hil, const Json& output, const char* node = "classify_intent") {
    const auto hit = judge_step(hil, node, output);
    return hit ? hit->trigger : "nothing";
}

TEST(JudgeStep, ConfidenceBelowTheThresholdHandsOver) {
    const auto hit = judge_step(all_triggers(), "classify_intent", {{"confidence", 0.55}});
    ASSERT_TRUE(hit);
    EXPECT_EQ(hit->trigger, "confidence_threshold");
    EXPECT_EQ(hit->reason, "Confidence 0.55 is below 0.7");
}

TEST(JudgeStep, ConfidenceAtTheThresholdDoesNot) {
    EXPECT_EQ(fired(all_triggers(), {{"confidence", 0.7}}), "nothing");
    EXPECT_EQ(fired(all_triggers(), {{"confidence", 0.6999999}}), "confidence_threshold");
    EXPECT_EQ(fired(all_triggers(), {{"confidence", 0.7000001}}), "nothing");
}

TEST(JudgeStep, IntegersAreConfidencesToo) {
    EXPECT_EQ(fired(all_triggers(), {{"confidence", 0}}), "confidence_threshold");
    EXPECT_EQ(fired(all_triggers(), {{"confidence", 1}}), "nothing");
    HilConfig never = all_triggers();
    never.confidence_threshold = 0;
    EXPECT_EQ(fired(never, {{"confidence", 0}}), "nothing");
    never.confidence_threshold = 1;
    EXPECT_EQ(fired(never, {{"confidence", 1}}), "nothing");
}

TEST(JudgeStep, WhatIsNoNumberIsNoConfidence) {
    for (const Json& confidence : {Json("NaN"), Json("0.1"), Json("low"), Json(""), Json(nullptr),
                                   Json(false), Json::array({0.1}), Json{{"value", 0.1}}}) {
        EXPECT_EQ(fired(all_triggers(), {{"confidence", confidence}}), "nothing") << confidence;
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(fired(all_triggers(), {{"confidence", nan}}), "nothing");
    EXPECT_EQ(fired(all_triggers(), {{"answer", "hello"}}), "nothing");
}

TEST(JudgeStep, OnlyTheNamedNodesConfidenceCounts) {
    HilConfig hil = all_triggers();
    hil.confidence_node = "classify_intent";
    EXPECT_EQ(fired(hil, {{"confidence", 0.1}}, "classify_intent"), "confidence_threshold");
    EXPECT_EQ(fired(hil, {{"confidence", 0.1}}, "evaluate_result"), "nothing");
}

TEST(JudgeStep, ComplexityInTheLevelsHandsOver) {
    const auto hit = judge_step(all_triggers(), "classify_intent", {{"complexity", "high"}});
    ASSERT_TRUE(hit);
    EXPECT_EQ(hit->trigger, "complexity");
    EXPECT_EQ(hit->reason, "Complexity is high");
    EXPECT_EQ(fired(all_triggers(), {{"complexity", "High"}}), "complexity");
    EXPECT_EQ(fired(all_triggers(), {{"complexity", "medium"}}), "nothing");
    EXPECT_EQ(fired(all_triggers(), {{"complexity", "highest"}}), "nothing");
    EXPECT_EQ(fired(all_triggers(), {{"complexity", 3}}), "nothing");

    HilConfig two = all_triggers();
    two.complexity_levels = {"medium", "high"};
    EXPECT_EQ(fired(two, {{"complexity", "medium"}}), "complexity");
}

TEST(JudgeStep, TheAgentsDecisionIsATypedField) {
    EXPECT_EQ(fired(all_triggers(), {{"needs_human", true}}), "agent_decision");
    EXPECT_EQ(fired(all_triggers(), {{"sink", "HANDOVER"}}), "agent_decision");
    EXPECT_EQ(fired(all_triggers(), {{"sink", "handover"}}), "agent_decision");
    EXPECT_EQ(fired(all_triggers(), {{"handover_to_human", true}}), "agent_decision");
    EXPECT_EQ(fired(all_triggers(), {{"handover_to_human", Json::object()}}), "agent_decision");
}

TEST(JudgeStep, WordsInProseDecideNothing) {
    for (const Json& output :
         {Json{{"needs_human", false}}, Json{{"needs_human", "true"}}, Json{{"needs_human", 1}},
          Json{{"sink", "FINISH"}}, Json{{"sink", "HANDOVER now"}}, Json{{"handover_to_human", false}},
          Json{{"handover_to_human", nullptr}}, Json{{"handover_to_human", "yes"}},
          Json{{"answer", "HANDOVER: needs_human true, handover_to_human"}}}) {
        EXPECT_EQ(fired(all_triggers(), output), "nothing") << output;
    }
}

TEST(JudgeStep, TheAgentsOwnReasonIsKept) {
    const auto reason = [](const Json& output) { return judge_step(all_triggers(), "n", output)->reason; };
    EXPECT_EQ(reason({{"needs_human", true}, {"reason", " refund\nover limit "}}), "refund over limit");
    EXPECT_EQ(reason({{"handover_to_human", {{"reason", "angry"}}}, {"reason", "other"}}), "angry");
    EXPECT_EQ(reason({{"handover_to_human", true}, {"reason", "other"}}), "other");
    EXPECT_EQ(reason({{"needs_human", true}, {"reason", ""}}), "The AI asked for a human agent");
    EXPECT_EQ(reason({{"needs_human", true}, {"reason", 5}}), "The AI asked for a human agent");
}

TEST(JudgeStep, TheOrderIsDecisionConfidenceComplexity) {
    Json output = {{"needs_human", true}, {"confidence", 0.1}, {"complexity", "high"}};
    EXPECT_EQ(fired(all_triggers(), output), "agent_decision");
    output["needs_human"] = false;
    EXPECT_EQ(fired(all_triggers(), output), "confidence_threshold");
    output["confidence"] = 0.9;
    EXPECT_EQ(fired(all_triggers(), output), "complexity");
}

TEST(JudgeStep, OnlyTheTriggersOfTheWorkflowFire) {
    const Json output = {{"needs_human", true}, {"confidence", 0.1}, {"complexity", "high"}};
    EXPECT_EQ(fired(HilConfig{}, output), "nothing");
    HilConfig off = all_triggers();
    off.enabled = false;
    EXPECT_EQ(fired(off, output), "nothing");
}

TEST(JudgeStep, OutputThatIsNoObjectDecidesNothing) {
    for (const Json& output : {Json(nullptr), Json("HANDOVER"), Json(0.1), Json::array({true})}) {
        EXPECT_EQ(fired(all_triggers(), output), "nothing") << output;
    }
}

// ---- error_limit and clean_reason

TEST(ErrorLimit, IsOneUnlessTheTriggerSaysOtherwise) {
    HilConfig hil;
    EXPECT_EQ(error_limit(hil), 1);
    hil.error_threshold = 3;
    EXPECT_EQ(error_limit(hil), 3);
    hil.enabled = false;
    EXPECT_EQ(error_limit(hil), 1) << "without triggers the first error hands over";
}

TEST(CleanReason, IsOneLine) {
    EXPECT_EQ(clean_reason("  timeout\n\tafter \r\n 30 s "), "timeout after 30 s");
    EXPECT_EQ(clean_reason("a\u2028b\u0085c\u00a0d\x01\x7f"
                           "e"),
              "a b c d e");
    EXPECT_EQ(clean_reason(std::string("a\0b", 3)), "a b");
}

TEST(CleanReason, SaysSomethingWhereNothingWasSaid) {
    EXPECT_EQ(clean_reason(""), "AI handover");
    EXPECT_EQ(clean_reason(" \n\x1b "), "AI handover");
}

TEST(AnswerOf, IsATextThatSaysSomething) {
    EXPECT_EQ(answer_of({{"answer", " Yes. "}}), " Yes. ");
    for (const Json& output :
         {Json{{"answer", " \n"}}, Json{{"answer", 42}}, Json{{"text", "Yes."}}, Json("Yes.")})
        EXPECT_EQ(answer_of(output), std::nullopt) << output;
}

TEST(ConfidenceOf, IsANumber) {
    EXPECT_EQ(confidence_of({{"confidence", 0.5}}), 0.5);
    for (const Json& output : {Json{{"confidence", "0.5"}}, Json::object(), Json(0.5)})
        EXPECT_EQ(confidence_of(output), std::nullopt) << output;
}

TEST(CleanReason, IsCutAt200Characters) {
    const std::string just_fits(200, 'x');
    EXPECT_EQ(clean_reason(just_fits), just_fits);
    EXPECT_EQ(clean_reason(just_fits + " \n"), just_fits) << "white space at the end is nothing to cut off";
    EXPECT_EQ(clean_reason(just_fits + "x"), std::string(199, 'x') + "…");
    EXPECT_EQ(clean_reason(std::string(198, 'x') + " yz"), std::string(198, 'x') + "…");
}

TEST(CleanReason, CutsBetweenCharacters) {
    std::string umlauts;
    std::string expected;
    for (int i = 0; i < 1000; ++i) umlauts += i % 2 ? "ü" : "😀";
    for (int i = 0; i < 199; ++i) expected += i % 2 ? "ü" : "😀";
    EXPECT_EQ(clean_reason(umlauts), expected + "…");
}

TEST(CleanReason, IsValidUtf8WhateverComes) {
    // Bytes that begin nothing, an overlong slash, half a surrogate pair, a code beyond Unicode, a cut-off
    // end.
    EXPECT_EQ(clean_reason("a\xff"
                           "b\xc0\xaf"
                           "c\xed\xa0\x80"
                           "d\xf4\x90\x80\x80"
                           "e\xe2\x82"),
              "a?b??c???d????e??");
    EXPECT_NO_THROW(Json(clean_reason(std::string(1000, '\xe2'))).dump());
}

}  // namespace
}  // namespace hil
