#include "config/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "config/providers.hpp"
#include "config/reader.hpp"
#include "workflow/yaml.hpp"

namespace hil::worker {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "worker";
}

// A file in which every line is a comment or blank asks for the defaults.
bool says_nothing(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t start = line.find_first_not_of(" \t\r");
        if (start != std::string::npos && line[start] != '#') return false;
    }
    return true;
}

// What the file leaves out of a preset stays as it was built in.
void add_agent_keys(Reader& reader, Reader::Keys& keys, Catalogue& catalogue) {
    keys["agents"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& preset, const std::string& at) {
            AgentPreset& agent = catalogue.agents[name];
            reader.object(preset, at,
                          {{"system_prompt", reader.text(agent.system_prompt)},
                           {"output_schema", reader.output_schema(agent.output_schema)}});
        });
    };
}

Reader::Take limits_of(Reader& reader, Limits& limits) {
    return [&](const Json& value, const std::string& pointer) {
        reader.object(value, pointer,
                      {{"wall_seconds", reader.seconds(limits.wall, 1)},
                       {"tokens", reader.integer(limits.tokens, 1, 1'000'000'000)},
                       {"cost_usd", reader.number(limits.cost_usd, 0.000001, 1'000'000)},
                       {"tool_calls", reader.integer(limits.tool_calls, 0, 1000)}});
    };
}

}  // namespace

ConfigResult read_config(const std::string& text, const std::filesystem::path& folder) {
    Config config;
    config.worker = host_name();
    if (says_nothing(text)) return {std::move(config), {}};

    YamlResult yaml = read_yaml(text);
    ConfigResult result{std::nullopt, std::move(yaml.errors)};
    std::string rules;
    int waiting_runs = -1;
    if (yaml.value) {
        Reader reader(yaml.places, result.errors);
        Reader::Keys keys = {{"database_url", reader.text(config.database_url)},
                             {"worker", reader.text(config.worker, max_worker_bytes)},
                             {"concurrency", reader.integer(config.concurrency, 1, 5000)},
                             {"waiting_runs", reader.integer(waiting_runs, 0, 5000)},
                             {"parallel_nodes", reader.integer(config.parallel_nodes, 1, 16)},
                             {"work_threads", reader.integer(config.work_threads, 1, 64)},
                             {"report_connections", reader.integer(config.report_connections, 2, 32)},
                             {"lease_seconds", reader.seconds(config.lease, 1)},
                             {"tick_seconds", reader.seconds(config.tick, 0.1)},
                             {"poll_seconds", reader.seconds(config.poll, 0.1)},
                             {"drain_seconds", reader.seconds(config.drain, 0.1)},
                             {"rules", reader.text(rules)},
                             {"log_format", reader.one_of(config.log_format, {"text", "json"})},
                             {"metrics_address", reader.text(config.metrics_address)},
                             {"log_level", reader.one_of(config.log_level, {"trace", "debug", "info", "warn",
                                                                            "error", "critical", "off"})},
                             {"limits", limits_of(reader, config.limits)}};
        add_agent_keys(reader, keys, config.catalogue);
        add_provider_keys(reader, keys, config.providers, config.catalogue);
        add_tool_keys(reader, keys, config.tools);
        reader.object(*yaml.value, "", keys);
        check_profiles(reader, *yaml.value, config.providers, config.catalogue);
        check_tool_names(reader, config.tools);
        config.catalogue.tools = config.tools.names();
    }
    std::sort(result.errors.begin(), result.errors.end());
    config.waiting_runs = waiting_runs >= 0 ? waiting_runs : config.concurrency;
    if (!rules.empty()) config.rules = folder / rules;
    if (result.errors.empty()) result.config = std::move(config);
    return result;
}

}  // namespace hil::worker
