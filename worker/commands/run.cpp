#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>

#include "commands/commands.hpp"
#include "commands/files.hpp"
#include "http/curl_client.hpp"
#include "llm/make_providers.hpp"
#include "run/runner.hpp"
#include "step/make_step.hpp"
#include "threads.hpp"
#include "tools/registry.hpp"

namespace hil::worker {

void run(const Config& config) {
    require_connection_string(config);
    spdlog::set_default_logger(spdlog::stderr_color_mt("hil-worker"));
    spdlog::set_level(spdlog::level::from_str(config.log_level));
    Threads threads(config.work_threads);
    CurlClient client(threads, most_requests(config));
    const Providers providers = make_providers(config, rules(config), client);
    const std::unique_ptr<Tools> tools = make_tools(config.tools, config.database_url, threads, client);
    Runner runner(config, threads, make_step(config.catalogue, providers, *tools));
    if (!runner.run()) {
        // Something hangs in a thread that there is no way to join.
        spdlog::shutdown();
        _exit(0);
    }
}

}  // namespace hil::worker
