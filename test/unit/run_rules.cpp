// The seed's workflow driven by the built-in rules.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "llm/rules.hpp"
#include "run/executor.hpp"
#include "run_support.hpp"
#include "step/make_step.hpp"
#include "step/spending.hpp"
#include "task_support.hpp"
#include "tools/registry.hpp"
#include "watch/metrics.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

// The seed's workflow with the built-in rules; what the database would judge at each step is not played here.
class BuiltinRules : public ::testing::Test {
  protected:
    // Returns the result that the run would report.
    Json run(const std::string& message, const std::string& file = "customer_support_hil.yaml",
             const Json& instructions = nullptr) {
        const std::string path = std::string(HIL_SOURCE_DIR) + "/worker/workflows/" + file;
        std::ifstream in(path, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        const Catalogue catalogue = Catalogue::builtin();
        const KnownWorkflow workflow(load_workflow_text(text.str(), catalogue).loaded->workflow);
        Providers providers;
        providers["rules"] = std::make_unique<llm::RulesProvider>();
        ToolRegistry tools({}, {});
        Claim claim;
        claim.input = {{"customer_message", message},    {"messages", Json::array()},
                       {"memory_context", ""},           {"instructions", instructions},
                       {"conversation", {{"id", "c1"}}}, {"steps", Json::object()}};
        FakeReports reports;
        Spending spending(Limits(), Json::object());
        SendReport send = [&](Json body) { return reports.send({7, 1, "c1", std::move(body)}); };
        run_task(execute(workflow, claim, spending, make_step(catalogue, providers, tools, metrics),
                         std::move(send), 4));
        steps = Json::object();
        for (const Json& body : reports.bodies)
            for (const Json& step : body.value("steps", Json::array()))
                steps[step.at("node")] = step.at("output");
        return reports.bodies.back().at("result");
    }

    Json steps;
    Metrics metrics;
};

TEST_F(BuiltinRules, FinishWithTheirReply) {
    const Json result = run("Hello, where is my order?");
    EXPECT_EQ(result["sink"], "FINISH");
    EXPECT_NE(result["config"]["response"].get<std::string>().find("on its way"), std::string::npos);
    EXPECT_EQ(run("I'd like to return an item")["sink"], "FINISH");
    EXPECT_EQ(run("I can’t log in")["sink"], "FINISH");
}

TEST_F(BuiltinRules, HandOverAndRouteBySkill) {
    const Json config = run("I was charged twice!")["config"];
    EXPECT_EQ(steps["classify_intent"]["complexity"], "high");
    EXPECT_EQ(config["required_skills"], Json({"billing", "payments"}));
    EXPECT_EQ(config["priority"], 3);
    EXPECT_EQ(run("the app keeps crashing")["config"]["required_skills"], Json({"technical"}));
}

TEST_F(BuiltinRules, GiveEachTriggerItsCase) {
    run("something is wrong");
    EXPECT_LT(steps["classify_intent"]["confidence"], 0.7);
    run("This is unacceptable");
    EXPECT_EQ(steps["classify_intent"]["needs_human"], true);
    EXPECT_GE(steps["classify_intent"]["confidence"], 0.7);
    run("blah blah");
    EXPECT_EQ(steps["classify_intent"]["intent"], "unknown");
}

TEST_F(BuiltinRules, HandOverByTheEvaluations) {
    EXPECT_EQ(run("The parcel arrived damaged")["sink"], "HANDOVER");
    EXPECT_EQ(steps["check_confidence"]["can_handle"], false);
    EXPECT_FALSE(steps.contains("handle_with_ai"));
    const Json result = run("please change my address");
    EXPECT_EQ(result["sink"], "HANDOVER");
    EXPECT_EQ(result["config"]["handover_context"]["reason"], "the order has to be changed by hand");
    EXPECT_TRUE(steps.contains("evaluate_result"));
}

TEST_F(BuiltinRules, ReachNoSinkAndFail) {
    EXPECT_EQ(run("I have feedback")["sink"], nullptr);
    EXPECT_THROW(run("simulate an outage"), StepFailed);
}

TEST_F(BuiltinRules, AnswerAfterAHandBack) {
    EXPECT_EQ(run("I was charged twice!", "customer_support_hil.yaml", "Refund is approved")["sink"],
              "FINISH");
}

TEST_F(BuiltinRules, DriveTheExampleThatKeepsTheConversationOpen) {
    const Json result = run("where is my order", "order_status.yaml");
    EXPECT_EQ(result["sink"], "WAIT");
    EXPECT_TRUE(result["config"]["response"].get<std::string>().ends_with("Is there anything else?"));
    const Json other = run("copy of my invoice", "order_status.yaml");
    EXPECT_EQ(other["sink"], "HANDOVER");
    EXPECT_EQ(other["config"]["required_skills"], Json({"billing"}));
}

}  // namespace
}  // namespace hil::worker
