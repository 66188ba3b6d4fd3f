#include <limits>
#include <string>

#include "core/run_result.hpp"
#include "core_support.hpp"

namespace hil {
namespace {

RunResult with_config(const Json& config) {
    return read_run_result({{"sink", "HANDOVER"}, {"config", config}});
}

std::string refused(const Json& result) {
    const Refusal refusal = refusal_of([&] { read_run_result(result); });
    EXPECT_EQ(refusal.reason(), Reason::invalid_argument);
    return refusal.what();
}

std::string refused_config(const Json& config) { return refused({{"sink", "HANDOVER"}, {"config", config}}); }

TEST(RunResult, ReadsAHandover) {
    const RunResult result = with_config({{"required_skills", {"returns", "order_management"}},
                                          {"priority", 3},
                                          {"handover_context", {{"original_intent", "return_request"}}},
                                          {"reason", "damaged goods"},
                                          {"anything_else", {1, 2}}});
    EXPECT_EQ(result.sink, "HANDOVER");
    EXPECT_EQ(result.skills, (SkillSet{"order_management", "returns"}));
    EXPECT_EQ(result.priority, 3);
    EXPECT_EQ(result.context, (Json{{"original_intent", "return_request"}}));
    EXPECT_EQ(result.reason, "damaged goods");
    EXPECT_EQ(result.response, std::nullopt);
}

TEST(RunResult, ReadsAnAnswer) {
    const RunResult result = read_run_result({{"sink", "FINISH"}, {"config", {{"response", "Done.\nBye."}}}});
    EXPECT_EQ(result.sink, "FINISH");
    EXPECT_EQ(result.response, "Done.\nBye.");
    EXPECT_EQ(result.skills, std::nullopt);
    EXPECT_EQ(result.priority, std::nullopt);
    EXPECT_EQ(result.context, Json::object());
    EXPECT_EQ(result.reason, std::nullopt);
}

TEST(RunResult, NoSinkMustBeSaid) {
    EXPECT_EQ(read_run_result({{"sink", nullptr}}).sink, std::nullopt);
    EXPECT_EQ(read_run_result({{"sink", nullptr}, {"config", nullptr}}).sink, std::nullopt);
    EXPECT_EQ(refused(Json::object()), "result lacks the key \"sink\"");
    EXPECT_EQ(refused({{"sinc", "FINISH"}}), "result lacks the key \"sink\"");
}

TEST(RunResult, TheWrongShapeIsRefused) {
    EXPECT_EQ(refused(nullptr), "result must be an object, got null");
    EXPECT_EQ(refused(Json::array({1})), "result must be an object, got a list");
    EXPECT_EQ(refused("FINISH"), "result must be an object, got \"FINISH\"");
    EXPECT_EQ(refused({{"sink", 5}}), "result.sink must be the id of a sink or null, got 5");
    EXPECT_EQ(refused({{"sink", ""}}), "result.sink must be the id of a sink or null, got \"\"");
    EXPECT_EQ(refused_config("x"), "result.config must be an object, got \"x\"");
    EXPECT_EQ(refused_config({{"response", {"a"}}}), "result.config.response must be a text, got a list");
    EXPECT_EQ(refused_config({{"reason", {{"a", 1}}}}), "result.config.reason must be a text, got an object");
    EXPECT_EQ(refused_config({{"handover_context", "x"}}),
              "result.config.handover_context must be an object, got \"x\"");
}

TEST(RunResult, AModelsListOfSkillsIsReadKindly) {
    EXPECT_EQ(with_config({{"required_skills", {"returns", " billing ", "", "returns", "\n"}}}).skills,
              (SkillSet{"billing", "returns"}));
    EXPECT_EQ(with_config({{"required_skills", Json::array()}}).skills, SkillSet{});
}

TEST(RunResult, WhatIsNoListOfSkillsIsRefused) {
    EXPECT_EQ(refused_config({{"required_skills", "returns"}}),
              "result.config.required_skills must be a list of texts, got \"returns\"");
    EXPECT_EQ(refused_config({{"required_skills", {"returns", 5}}}),
              "result.config.required_skills must be a list of texts, got 5");
    EXPECT_EQ(refused_config({{"required_skills", {nullptr}}}),
              "result.config.required_skills must be a list of texts, got null");
    Json many = Json::array();
    for (int i = 0; i < 101; ++i) many.push_back("skill " + std::to_string(i));
    EXPECT_EQ(refused_config({{"required_skills", many}}),
              "result.config.required_skills must have at most 100 skills, got 101");
    EXPECT_TRUE(says(refused_config({{"required_skills", {std::string(101, 'x')}}}), "at most 100 bytes"));
}

TEST(RunResult, PriorityIsAnIntegerFrom1To10) {
    EXPECT_EQ(with_config({{"priority", 1}}).priority, 1);
    EXPECT_EQ(with_config({{"priority", 10.0}}).priority, 10) << "a template may compute 20 / 2";
    EXPECT_EQ(refused_config({{"priority", 0}}), "result.config.priority must be between 1 and 10, got 0");
    EXPECT_EQ(refused_config({{"priority", 11}}), "result.config.priority must be between 1 and 10, got 11");
    for (const Json& priority : {Json(2.5), Json("high"), Json(true), Json::array({3}), Json(1e300),
                                 Json(std::numeric_limits<std::uint64_t>::max())}) {
        EXPECT_TRUE(
            says(refused_config({{"priority", priority}}), "result.config.priority must be an integer"))
            << priority;
    }
}

TEST(RunResult, WhatATemplateLeftBlankIsAbsent) {
    const RunResult result = with_config({{"required_skills", " "},
                                          {"priority", "\n"},
                                          {"handover_context", ""},
                                          {"response", " "},
                                          {"reason", ""}});
    EXPECT_EQ(result.skills, std::nullopt);
    EXPECT_EQ(result.priority, std::nullopt);
    EXPECT_EQ(result.context, Json::object());
    EXPECT_EQ(result.response, std::nullopt);
    EXPECT_EQ(result.reason, std::nullopt);
    EXPECT_EQ(with_config({{"required_skills", nullptr}, {"priority", nullptr}}).skills, std::nullopt);
}

TEST(RunResult, AResponseThatRendersToANumberIsStillAText) {
    EXPECT_EQ(with_config({{"response", 42}}).response, "42");
    EXPECT_EQ(with_config({{"response", true}}).response, "true");
}

TEST(RunResult, TheReasonMayStandInTheContext) {
    EXPECT_EQ(with_config({{"handover_context", {{"reason", " not\nresolved "}}}}).reason, "not resolved");
    EXPECT_EQ(with_config({{"handover_context", {{"reason", "b"}}}, {"reason", "a"}}).reason, "a");
    EXPECT_EQ(with_config({{"handover_context", {{"reason", "b"}}}, {"reason", ""}}).reason, "b");
    EXPECT_EQ(with_config({{"handover_context", {{"reason", " "}}}}).reason, std::nullopt);
    EXPECT_EQ(with_config({{"handover_context", {{"reason", 5}}}}).reason, std::nullopt);
    EXPECT_EQ(with_config({{"reason", std::string(1000, 'x')}}).reason, std::string(199, 'x') + "…");
}

// ---- usage

std::string refused_usage(const Json& usage) {
    const Refusal refusal = refusal_of([&] { read_step_usage(usage); });
    EXPECT_EQ(refusal.reason(), Reason::invalid_argument);
    return refusal.what();
}

TEST(StepUsage, ReadsWhatAStepCost) {
    const StepUsage usage = read_step_usage({{"input_tokens", 1200},
                                             {"output_tokens", 80.0},
                                             {"cost_usd", 0.0031},
                                             {"duration_ms", 950},
                                             {"model", "some-model"}});
    EXPECT_EQ(usage.input_tokens, 1200);
    EXPECT_EQ(usage.output_tokens, 80);
    EXPECT_EQ(usage.cost_usd, 0.0031);
    EXPECT_EQ(usage.duration_ms, 950);
    EXPECT_FALSE(usage.handover);
}

TEST(StepUsage, WhatIsLeftOutIsNothing) {
    const StepUsage usage = read_step_usage({{"cost_usd", nullptr}, {"handover", nullptr}});
    EXPECT_EQ(usage.input_tokens + usage.output_tokens + usage.duration_ms, 0);
    EXPECT_EQ(usage.cost_usd, 0);
    EXPECT_FALSE(usage.handover);
    EXPECT_EQ(read_step_usage({{"cost_usd", 1}}).cost_usd, 1);
}

TEST(StepUsage, BadNumbersAreRefused) {
    for (const char* key : {"input_tokens", "output_tokens", "duration_ms"}) {
        for (const Json& bad :
             {Json(-1), Json("5"), Json(""), Json(1.5), Json(true), Json::array(), Json(1e13)}) {
            EXPECT_TRUE(
                says(refused_usage({{key, bad}}), std::string("usage.") + key + " must be an integer"))
                << bad;
        }
    }
    for (const Json& bad : {Json(-0.01), Json("1"), Json(1e300), Json(true), Json::object()}) {
        EXPECT_TRUE(says(refused_usage({{"cost_usd", bad}}), "usage.cost_usd must be a number")) << bad;
    }
    EXPECT_EQ(refused_usage("x"), "usage must be an object, got \"x\"");
}

TEST(StepUsage, CarriesWhereAHandoverWouldGo) {
    const StepUsage usage = read_step_usage(
        {{"handover",
          {{"required_skills", {"billing"}}, {"priority", 2}, {"handover_context", {{"reason", "r"}}}}}});
    ASSERT_TRUE(usage.handover);
    EXPECT_EQ(usage.handover->skills, SkillSet{"billing"});
    EXPECT_EQ(usage.handover->priority, 2);
    EXPECT_EQ(usage.handover->context, (Json{{"reason", "r"}}));
    EXPECT_EQ(usage.handover->reason, "r");
    EXPECT_EQ(refused_usage({{"handover", {{"priority", 0}}}}),
              "usage.handover.priority must be between 1 and 10, got 0");
    EXPECT_EQ(refused_usage({{"handover", {1}}}), "usage.handover must be an object, got a list");
}

}  // namespace
}  // namespace hil
