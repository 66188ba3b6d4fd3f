#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

#include "commands/commands.hpp"
#include "commands/files.hpp"
#include "config/environment.hpp"
#include "http/curl_client.hpp"
#include "llm/make_providers.hpp"
#include "run/runner.hpp"
#include "step/make_step.hpp"
#include "threads.hpp"
#include "tools/registry.hpp"
#include "watch/log.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {

namespace {

void require_environment(const Config& config) {
    std::string missing;
    for (const UnsetVariable& variable : unset_variables(config)) {
        if (variable.stops)
            missing += (missing.empty() ? "" : "; ") + variable.message;
        else
            note(spdlog::level::warn, "variable_missing", variable.message);
    }
    if (!missing.empty()) throw std::runtime_error(missing);
}

}  // namespace

void run(const Config& config, std::optional<int> metrics_port) {
    require_connection_string(config);
    open_log(config.log_level, config.log_format == "json");
    require_environment(config);
    Metrics metrics;
    if (metrics_port)
        note(spdlog::level::info, "metrics_served",
             fmt::format("metrics at http://{}:{}/metrics", config.metrics_address,
                         metrics.serve(config.metrics_address, *metrics_port)));
    Threads threads(config.work_threads);
    CurlClient client(threads, most_requests(config));
    const Providers providers = make_providers(config, rules(config), client, metrics);
    const std::unique_ptr<Tools> tools = make_tools(config.tools, config.database_url, threads, client);
    Runner runner(config, threads, make_step(config.catalogue, providers, *tools, metrics), metrics);
    if (!runner.run([&] { return tools->stop(); })) {
        // Something hangs in a thread that there is no way to join.
        spdlog::shutdown();
        _exit(0);
    }
}

}  // namespace hil::worker
