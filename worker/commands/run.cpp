#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "commands/commands.hpp"
#include "commands/files.hpp"
#include "llm/rules.hpp"
#include "run/runner.hpp"

namespace hil::worker {
namespace {

// The runner that the signals stop. The first signal drains it, the second ends the process where it stands.
std::atomic<Runner*> running{nullptr};

void on_signal(int signal) {
    static std::atomic<bool> seen{false};
    if (seen.exchange(true)) _exit(128 + signal);
    const int interrupted_errno = errno;
    if (Runner* runner = running) runner->request_stop();
    errno = interrupted_errno;
}

}  // namespace

void run(const Config& config) {
    require_connection_string(config);
    spdlog::set_default_logger(spdlog::stderr_color_mt("hil-worker"));
    spdlog::set_level(spdlog::level::from_str(config.log_level));
    llm::Providers providers;
    const std::optional<std::string> own_rules = rules(config);
    providers["rules"] =
        own_rules ? std::make_unique<llm::RulesProvider>(*own_rules) : std::make_unique<llm::RulesProvider>();
    Runner runner(config, providers);
    struct Forget {
        ~Forget() { running = nullptr; }
    };
    const Forget at_the_end;
    running = &runner;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    if (!runner.run()) {
        // A thread hangs in a provider; there is no way to join it.
        spdlog::shutdown();
        _exit(0);
    }
}

}  // namespace hil::worker
