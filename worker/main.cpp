// hil-worker: the command line.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "config.hpp"
#include "database.hpp"
#include "llm/rules.hpp"
#include "llm/rules_file.hpp"
#include "protocol.hpp"
#include "runner.hpp"
#include "workflow/loader.hpp"

namespace {

using namespace hil::worker;

// The exit codes that --help documents.
enum ExitCode { done = 0, has_mistakes = 1, not_possible = 2 };

constexpr const char* footer =
    "The configuration is one YAML file (--config, or the environment's HIL_CONFIG); all of it is optional:\n"
    "  database_url    where the database is (a libpq URL). HIL_DATABASE_URL in the environment wins; with "
    "neither,\n"
    "                  libpq's own environment (PGHOST, PGDATABASE, ...) counts\n"
    "  worker          the worker's name in the runs that it holds; default: the host's name\n"
    "  concurrency     runs executed at once; default 4. The worker uses so many connections and two more\n"
    "  lease_seconds   a run whose worker is silent for so long goes to another one; default 60\n"
    "  tick_seconds    between two calls of hil_tick(); default 1\n"
    "  poll_seconds    runs are looked for at least this often, also without a notification; default 1\n"
    "  drain_seconds   how long runs may go on after SIGTERM; default 30. Those that are not finished then "
    "go\n"
    "                  to another worker when their lease ends; the exit code is 0 all the same\n"
    "  rules           file of the intents of the provider \"rules\" (which is no language model)\n"
    "  agents          presets to change or add: NAME: {system_prompt: ..., output_schema: ...}\n"
    "  model_profiles  profiles to change or add: NAME: {provider: rules, model: ..., options: ...}\n"
    "  log_level       trace, debug, info, warn, error, critical, off; default info\n"
    "\n"
    "Exit codes: 0 done; 1 the workflow, the configuration or the rules have mistakes, each printed as\n"
    "FILE:LINE:COLUMN: error: MESSAGE; 2 the command line is wrong, a file cannot be read, or the database "
    "refused.";

// A file with mistakes in it; they have been printed.
class Mistakes : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    // Copying nothing would count as a failure.
    const bool empty = file.peek() == std::ifstream::traits_type::eof() && file.is_open() && !file.bad();
    if (!empty && (!file || !(text << file.rdbuf()))) throw std::runtime_error(path + " cannot be read");
    return text.str();
}

void print(const std::string& path, const char* kind, const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) {
        std::cerr << path << ':' << mistake.line << ':' << mistake.column << ": " << kind << ": "
                  << mistake.message << '\n';
    }
}

Config configuration(const std::string& path) {
    const std::string text = path.empty() ? "" : read_file(path);
    ConfigResult result = read_config(text, std::filesystem::path(path).parent_path());
    print(path, "error", result.errors);
    if (!result.config) throw Mistakes(path);
    const char* url = std::getenv("HIL_DATABASE_URL");
    if (url != nullptr && *url != '\0') result.config->database_url = url;
    return std::move(*result.config);
}

// The text of the rules file, if there is one.
std::optional<std::string> rules(const Config& config) {
    if (!config.rules) return std::nullopt;
    std::string text = read_file(config.rules->string());
    const llm::RulesResult result = llm::read_rules(text);
    print(config.rules->string(), "error", result.errors);
    if (!result.rules) throw Mistakes(config.rules->string());
    return text;
}

// libpq's own text would quote the URL, and the password with it.
void require_connection_string(const Config& config) {
    if (is_connection_string(config.database_url)) return;
    throw std::runtime_error(
        "database_url (or HIL_DATABASE_URL) is no valid connection string. In a URL, special characters of "
        "the user and "
        "the password are percent-encoded: % is %25, @ is %40, / is %2F, : is %3A");
}

LoadedWorkflow workflow(const std::string& path, const Config& config) {
    rules(config);
    LoadResult result = load_workflow_text(read_file(path), config.catalogue);
    print(path, "warning", result.warnings);
    print(path, "error", result.errors);
    if (!result.loaded) throw Mistakes(path);
    return std::move(*result.loaded);
}

void check(const std::string& path, const Config& config) {
    const LoadedWorkflow loaded = workflow(path, config);
    std::cout << loaded.workflow.name << ": " << loaded.workflow.nodes.size() << " nodes, "
              << loaded.workflow.edges.size() << " edges, no mistakes\n";
}

void load(const std::string& path, const Config& config) {
    require_connection_string(config);
    const LoadedWorkflow loaded = workflow(path, config);
    Session session(config.database_url);
    const int revision = session.load_workflow(loaded.definition, loaded.source);
    std::cout << loaded.workflow.name << " revision " << revision << '\n';
}

void graph(const std::string& path, const std::string& format, const Config& config) {
    const LoadedWorkflow loaded = workflow(path, config);
    std::cout << (format == "dot" ? draw_dot(loaded.workflow) : draw_mermaid(loaded.workflow));
}

// The runner that the signals stop. The first signal drains it, the second ends the process where it stands.
std::atomic<Runner*> running{nullptr};

void on_signal(int signal) {
    static std::atomic<bool> seen{false};
    if (seen.exchange(true)) _exit(128 + signal);
    const int interrupted_errno = errno;
    if (Runner* runner = running) runner->request_stop();
    errno = interrupted_errno;
}

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
        _exit(done);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"The worker of hil: executes workflows that answer conversations, until a human has to.",
                 "hil-worker"};
    app.footer(footer);
    app.require_subcommand(1);
    app.fallthrough();

    std::string config_file;
    app.add_option("-c,--config", config_file, "The configuration file")->envname("HIL_CONFIG");

    std::string file;
    auto with_file = [&](CLI::App* command) {
        command->add_option("FILE", file, "The workflow, as YAML")->required();
        return command;
    };
    CLI::App* load_command = with_file(app.add_subcommand(
        "load",
        "Check a workflow and store it as its newest revision, which new runs use from then on.\n"
        "Prints NAME revision N."));
    CLI::App* check_command =
        with_file(app.add_subcommand("check", "Report every mistake of a workflow; needs no database."));
    CLI::App* run_command = app.add_subcommand(
        "run",
        "Claim runs and execute them until SIGTERM or SIGINT: then nothing new is claimed, and the exit\n"
        "comes when the runs at hand are finished. A second signal ends the worker at once.");
    CLI::App* graph_command = with_file(app.add_subcommand("graph", "Draw a workflow; needs no database."));
    std::string format = "mermaid";
    graph_command->add_option("--format", format, "mermaid or dot")
        ->check(CLI::IsMember({"mermaid", "dot"}))
        ->capture_default_str();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? done : not_possible;
    }

    try {
        const Config config = configuration(config_file);
        if (*load_command) load(file, config);
        if (*check_command) check(file, config);
        if (*run_command) run(config);
        if (*graph_command) graph(file, format, config);
        if (!std::cout.flush()) throw std::runtime_error("the output cannot be written");
        return done;
    } catch (const Mistakes&) {
        return has_mistakes;
    } catch (const std::exception& error) {
        std::cerr << "hil-worker: " << error.what() << '\n';
        return not_possible;
    }
}
