// hil-worker: the command line.
#include <CLI/CLI.hpp>
#include <iostream>
#include <stdexcept>
#include <string>

#include "commands/commands.hpp"
#include "commands/files.hpp"

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
    "  concurrency     runs worked on at once, those not counted that are with their provider; default 100\n"
    "  waiting_runs    how many may wait for each provider; others are put back for a while; default: as\n"
    "                  many as concurrency\n"
    "  parallel_nodes  independent nodes of one run that are executed at once; default 4\n"
    "  work_threads    threads on which all runs share the computing; default 4\n"
    "  report_connections  connections for what the runs report; default 4. The worker uses two more, and\n"
    "                  sql_tool_connections for tools\n"
    "  lease_seconds   a run whose worker is silent for so long goes to another one; default 60\n"
    "  tick_seconds    between two calls of hil_tick(); default 1\n"
    "  poll_seconds    runs are looked for at least this often, also without a notification; default 1\n"
    "  drain_seconds   how long runs may go on after SIGTERM; default 30. Those that are not finished then\n"
    "                  are put back, which counts as no error; the exit code is 0 all the same\n"
    "  rules           file of the intents of the provider \"rules\" (which is no language model)\n"
    "  limits          of one run: wall_seconds 300, tokens 200000, cost_usd 1, tool_calls 50; passing one "
    "hands over\n"
    "  agents          presets to change or add: NAME: {system_prompt: ..., output_schema: ...}\n"
    "  model_profiles  profiles to change or add: NAME: {provider: rules, model: ..., options: ...}\n"
    "  tools           what the AI can do: NAME: {kind: http, url: ...} or {kind: sql, function: ...}\n"
    "  mcp_servers     servers of tools: NAME: {command: [...]} or {url: ...}\n"
    "  sql_tool_connections  connections for SQL tools; default 2\n"
    "  log_level       trace, debug, info, warn, error, critical, off; default info\n"
    "  log_format      text or json (one object per line); default text\n"
    "  metrics_address where `run --metrics-port` listens; default 127.0.0.1\n"
    "\n"
    "Exit codes: 0 done; 1 the workflow, the configuration or the rules have mistakes, each printed as\n"
    "FILE:LINE:COLUMN: error: MESSAGE; 2 the command line is wrong, a file cannot be read, or the database "
    "refused.";

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
    std::optional<int> metrics_port;
    run_command
        ->add_option("--metrics-port", metrics_port,
                     "Serve metrics for Prometheus at http://METRICS_ADDRESS:PORT/metrics; 0: any free port")
        ->check(CLI::Range(0, 65535));
    CLI::App* graph_command = with_file(app.add_subcommand("graph", "Draw a workflow; needs no database."));
    std::string format = "mermaid";
    graph_command->add_option("--format", format, "mermaid or dot")
        ->check(CLI::IsMember({"mermaid", "dot"}))
        ->capture_default_str();
    CLI::App* chat_command = app.add_subcommand(
        "chat",
        "Write as a customer, and see each step of the AI as it comes, its answer, and what human agents "
        "reply\n"
        "after a handover. The steps are shown to a database role with the profile reader.");
    ChatOptions chat_options;
    chat_command->add_option("--conversation", chat_options.conversation,
                             "Go on with this conversation; default: a new one");
    chat_command->add_option("--workflow", chat_options.workflow, "The workflow of a new conversation");
    CLI::App* desk_command = app.add_subcommand(
        "desk", "The desk of a human agent: see who needs help, reply, resolve, hand back to the AI.");
    std::string email;
    desk_command->add_option("--agent", email, "The agent's email")->required();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? done : not_possible;
    }

    try {
        const Config config = configuration(config_file);
        if (*load_command) load(file, config);
        if (*check_command) check(file, config);
        if (*run_command) run(config, metrics_port);
        if (*graph_command) graph(file, format, config);
        if (*chat_command) chat(chat_options, config);
        if (*desk_command) desk(email, config);
        if (!std::cout.flush()) throw std::runtime_error("the output cannot be written");
        return done;
    } catch (const Mistakes&) {
        return has_mistakes;
    } catch (const std::exception& error) {
        std::cerr << "hil-worker: " << error.what() << '\n';
        return not_possible;
    }
}
