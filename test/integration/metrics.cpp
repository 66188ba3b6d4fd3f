// What Prometheus sees of a worker, after traffic that the test has scripted.
#include <csignal>
#include <fstream>
#include <sstream>

#include "metrics_page.hpp"
#include "models.hpp"

namespace hil::test {
namespace {

const std::string workflow = R"(name: tooled
workflow:
  nodes:
    - id: answer
      agent: reasoning_support_agent
      config: {tools: [shop.*]}
    - {id: DONE, type: sink, action: finish_conversation}
  edges:
    - {from: answer, to: DONE}
)";

class MetricsTest : public ModelTest {
  protected:
    // A worker that serves its metrics on a free port, which it tells in its log.
    void start(const std::string& more) {
        const std::string config = file("watched.yaml", "tick_seconds: 0.1\npoll_seconds: 0.2\n" + more);
        worker_ = std::make_unique<Process>(
            std::vector<std::string>{worker_program, "run", "--metrics-port", "0", "--config", config},
            std::map<std::string, std::string>{{"HIL_DATABASE_URL", "postgresql:///" + database()},
                                               {"HIL_TEST_KEY", key}},
            file("watched.log", ""));
    }

    MetricsPage page() {
        const std::string mark = "metrics at ";
        EXPECT_TRUE(
            within_patience([&] { return worker_->output().find("/metrics\n") != std::string::npos; }));
        const std::string log = worker_->output();
        const std::size_t start = log.find(mark) + mark.size();
        return MetricsPage::at(log.substr(start, log.find('\n', start) - start));
    }

    // The page once a series has that value.
    MetricsPage page_with(const std::string& series, double value) {
        MetricsPage last = page();
        EXPECT_TRUE(within_patience([&] { return (last = page()).value(series) == value; }))
            << series << " in\n"
            << last.text();
        return last;
    }

    void expect(const MetricsPage& page, const std::map<std::string, double>& values) {
        for (const auto& [series, value] : values)
            EXPECT_DOUBLE_EQ(page.value(series), value) << series << " in\n" << page.text();
    }

    std::unique_ptr<Process> worker_;
};

TEST_F(MetricsTest, CountWhatWasDone) {
    load_text(workflow);
    server.on("/order", [](const Seen&) { return Act::json({{"status", "shipped"}}); });
    model.by_node["answer"] = {
        Say::status(503),
        Say::calls({{"shop__get_order", "{}"}, {"delete_everything", "{}"}, {"shop__get_order", "[]"}}),
        Say::prose("Soon."), Say::answer({{"answer", "Soon."}, {"success", true}})};
    start("providers:\n" + provider("scripted", "openai") +
          "model_profiles:\n  balanced: {provider: scripted, model: m, prices: {input: 1000, output: 2000}}\n"
          "tools:\n  shop.get_order: {kind: http, description: Looks it up., allow_private: true, url: \"" +
          server.url() + "/order\"}\n");
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(reaches(id, "finished"));
    const MetricsPage seen = page_with("hil_worker_runs_total{outcome=\"finished\"}", 1);
    const std::string of_model = "model=\"m\",provider=\"scripted\"";
    const auto outcome = [](const std::string& name) {
        return "hil_worker_model_requests_total{model=\"m\",outcome=\"" + name + "\",provider=\"scripted\"}";
    };
    const auto tokens = [](const std::string& kind) {
        return "hil_worker_tokens_total{kind=\"" + kind + "\",model=\"m\",provider=\"scripted\"}";
    };
    expect(seen, {{outcome("overloaded"), 1},
                  {outcome("called"), 1},
                  {outcome("answered"), 2},
                  {"hil_worker_model_request_seconds_count{" + of_model + "}", 4},
                  {"hil_worker_model_retries_total{provider=\"scripted\",reason=\"overloaded\"}", 1},
                  {"hil_worker_model_repairs_total{" + of_model + "}", 1},
                  {"hil_worker_model_requests_in_flight{provider=\"scripted\"}", 0},
                  {"hil_worker_steps_waiting{provider=\"scripted\"}", 0},
                  {"hil_worker_breaker_state{provider=\"scripted\"}", 0},
                  {tokens("input"), 300},
                  {tokens("output"), 60},
                  {"hil_worker_cost_usd_total{" + of_model + "}", 0.42},
                  {"hil_worker_tool_calls_total{outcome=\"done\",tool=\"shop.get_order\"}", 1},
                  {"hil_worker_tool_calls_total{outcome=\"refused\",tool=\"shop.get_order\"}", 1},
                  {"hil_worker_tool_calls_total{outcome=\"refused\",tool=\"unknown\"}", 1},
                  {"hil_worker_tool_call_seconds_count{tool=\"shop.get_order\"}", 1},
                  {"hil_worker_steps_total{node_agent=\"reasoning_support_agent\",outcome=\"done\"}", 1},
                  {"hil_worker_step_seconds_count{node_agent=\"reasoning_support_agent\"}", 1},
                  {"hil_worker_claimed_runs_total", 1},
                  {"hil_worker_run_pickup_seconds_count", 1},
                  {"hil_worker_run_seconds_count", 1},
                  {"hil_worker_runs_at_provider", 0}});
    EXPECT_GE(seen.value("hil_worker_report_batch_size_count"), 3);
    EXPECT_EQ(seen.mistakes(), "") << seen.text();
    EXPECT_EQ(seen.text().find(id), std::string::npos) << "no conversation is told";
    EXPECT_EQ(seen.text().find("delete_everything"), std::string::npos) << "nor what a model made up";

    // The README names whatever is there, but for what the serving library tells of itself.
    std::ifstream in(HIL_SOURCE_DIR "/worker/watch/README.md");
    std::ostringstream readme;
    readme << in.rdbuf();
    for (const std::string& name : seen.names()) {
        if (name.starts_with("exposer_")) continue;
        EXPECT_NE(readme.str().find("`" + name + "`"), std::string::npos) << name << " is not documented";
    }
    worker_->signal(SIGTERM);
    EXPECT_EQ(worker_->wait(), 0);
}

TEST_F(MetricsTest, ShowWhoWaitsForAProviderThatIsCutOff) {
    load_text(answering_workflow);
    server.down();
    start("waiting_runs: 1\nproviders:\n" +
          provider("scripted", "openai", "breaker: {failures: 1, open_seconds: 8, longest_open_seconds: 8}") +
          "model_profiles:\n  balanced: {provider: scripted, model: m}\n");
    sql().query("SELECT hil_handle_message(gen_random_uuid(), 'Hello') FROM generate_series(1, 3)");
    page_with("hil_worker_runs_total{outcome=\"postponed\"}", 2);
    const MetricsPage cut_off = page_with("hil_worker_runs_in_flight", 1);
    expect(cut_off, {{"hil_worker_steps_waiting{provider=\"scripted\"}", 1},
                     {"hil_worker_breaker_state{provider=\"scripted\"}", 1},
                     {"hil_worker_runs_at_provider", 1}});
    EXPECT_EQ(cut_off.mistakes(), "") << cut_off.text();
    server.up();
    page_with("hil_worker_runs_total{outcome=\"finished\"}", 3);
    expect(page(), {{"hil_worker_breaker_state{provider=\"scripted\"}", 0},
                    {"hil_worker_steps_waiting{provider=\"scripted\"}", 0}});
}

}  // namespace
}  // namespace hil::test
