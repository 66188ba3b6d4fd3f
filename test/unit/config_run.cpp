// The worker's configuration file: defaults, what it changes, and every kind of mistake with its place.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> errors_of(const std::string& text) {
    std::vector<std::string> errors;
    const ConfigResult result = read_config(text, "");
    EXPECT_EQ(result.config.has_value(), result.errors.empty());
    for (const Mistake& error : result.errors) {
        errors.push_back(std::to_string(error.line) + ":" + std::to_string(error.column) + " " +
                         error.message);
    }
    return errors;
}

TEST(Config, EmptyFileGivesTheDefaults) {
    for (const char* text : {"", "# nothing but a comment\n"}) {
        const ConfigResult result = read_config(text, "");
        ASSERT_TRUE(result.config) << text;
        EXPECT_EQ(result.config->database_url, "");
        EXPECT_NE(result.config->worker, "");
        EXPECT_EQ(result.config->concurrency, 100);
        EXPECT_EQ(result.config->lease, milliseconds(60'000));
        EXPECT_FALSE(result.config->rules);
        EXPECT_EQ(result.config->catalogue.model_profiles.count("fast"), 1U);
    }
}

TEST(Config, ReadsEveryKey) {
    const ConfigResult result = read_config(R"(
database_url: postgresql:///support
worker: desk
concurrency: 16
parallel_nodes: 2
work_threads: 3
report_connections: 5
lease_seconds: 2.5
tick_seconds: 0.5
poll_seconds: 3
drain_seconds: 10
rules: intents.yaml
log_level: debug
log_format: json
metrics_address: 0.0.0.0
limits: {wall_seconds: 60, tokens: 1000, cost_usd: 0.5, tool_calls: 0}
)",
                                            "/etc/hil");
    ASSERT_TRUE(result.config) << result.errors.front().message;
    const Config& config = *result.config;
    EXPECT_EQ(config.database_url, "postgresql:///support");
    EXPECT_EQ(config.worker, "desk");
    EXPECT_EQ(config.concurrency, 16);
    EXPECT_EQ(config.waiting_runs, 16);
    EXPECT_EQ(config.parallel_nodes, 2);
    EXPECT_EQ(config.work_threads, 3);
    EXPECT_EQ(config.report_connections, 5);
    EXPECT_EQ(config.lease, milliseconds(2500));
    EXPECT_EQ(config.tick, milliseconds(500));
    EXPECT_EQ(config.poll, milliseconds(3000));
    EXPECT_EQ(config.drain, milliseconds(10'000));
    EXPECT_EQ(config.rules, "/etc/hil/intents.yaml");
    EXPECT_EQ(config.log_level, "debug");
    EXPECT_EQ(config.log_format, "json");
    EXPECT_EQ(config.metrics_address, "0.0.0.0");
    EXPECT_EQ(config.limits.wall, milliseconds(60'000));
    EXPECT_EQ(config.limits.tokens, 1000);
    EXPECT_EQ(config.limits.cost_usd, 0.5);
    EXPECT_EQ(config.limits.tool_calls, 0);
}

TEST(Config, ChangesAndAddsAgentsAndProfiles) {
    const ConfigResult result = read_config(R"(
agents:
  simple_evaluator:
    system_prompt: Be strict.
  translator:
    system_prompt: Translate.
    output_schema: {answer: string}
model_profiles:
  careful: {provider: rules, model: x, options: {seed: 7}}
)",
                                            "");
    ASSERT_TRUE(result.config) << result.errors.front().message;
    const Catalogue& catalogue = result.config->catalogue;
    EXPECT_EQ(catalogue.agents.at("simple_evaluator").system_prompt, "Be strict.");
    EXPECT_EQ(catalogue.agents.at("simple_evaluator").output_schema,
              Catalogue::builtin().agents.at("simple_evaluator").output_schema);
    EXPECT_EQ(catalogue.agents.at("translator").output_schema, (Json{{"answer", "string"}}));
    EXPECT_EQ(catalogue.model_profiles.at("careful").options, (Json{{"seed", 7}}));
    EXPECT_EQ(catalogue.model_profiles.count("fast"), 1U);
}

TEST(Config, ReportsAllMistakesWithTheirPlaces) {
    const std::string keys =
        "agents, concurrency, database_url, drain_seconds, lease_seconds, limits, log_format, log_level, "
        "mcp_servers, metrics_address, model_profiles, parallel_nodes, poll_seconds, providers, "
        "report_connections, rules, "
        "sql_tool_connections, tick_seconds, tools, waiting_runs, work_threads, worker";
    const std::string types =
        "string, integer, float, number, boolean, object, list, [type] and a map of fields";
    const std::vector<std::string> errors = errors_of(
        "concurrency: 0\n"
        "lease_seconds: 0.5\n"
        "workers: 3\n"
        "log_level: loud\n"
        "agents:\n"
        "  helper:\n"
        "    prompt: Hello\n"
        "    output_schema: {answer: strnig}\n"
        "model_profiles:\n"
        "  fast: {provider: oracle}\n"
        "rules: [a]\n");
    EXPECT_EQ(errors, (std::vector<std::string>{
                          "1:14 expected an integer from 1 to 5000, got 0",
                          "2:16 expected a number of seconds from 1 to 86400, got 0.5",
                          "3:1 unknown key \"workers\"; known here: " + keys + "; did you mean worker?",
                          "4:12 expected one of trace, debug, info, warn, error, critical, off, got loud",
                          "7:5 unknown key \"prompt\"; known here: output_schema, system_prompt; did you "
                          "mean system_prompt?",
                          "8:29 unknown type \"strnig\"; known are " + types,
                          "10:20 unknown provider \"oracle\"; there are rules",
                          "11:8 expected a text that is not empty, got a list",
                      }));
}

TEST(Config, NeverRepeatsATextThatCanBeASecret) {
    const std::vector<std::string> errors =
        errors_of("concurrency: hunter2\ndatabase_url: {password: hunter2}\n");
    ASSERT_EQ(errors.size(), 2U);
    for (const std::string& error : errors) EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
}

// The database refuses longer ones, at every claim.
TEST(Config, LimitsTheWorkersName) {
    EXPECT_EQ(errors_of("worker: " + std::string(182, 'w')), std::vector<std::string>{});
    EXPECT_EQ(errors_of("worker: " + std::string(183, 'w')),
              std::vector<std::string>{"1:9 expected a text of at most 182 bytes, got a text"});
    EXPECT_EQ(errors_of("worker: ' '"),
              std::vector<std::string>{"1:9 expected a text that is not empty, got an empty text"});
}

TEST(Config, RefusesWhatIsNoMapping) {
    EXPECT_EQ(errors_of("- a\n"), std::vector<std::string>{"1:1 expected keys with values, got a list"});
    EXPECT_EQ(errors_of("a: b: c\n").size(), 1U);
}

}  // namespace
}  // namespace hil::worker
