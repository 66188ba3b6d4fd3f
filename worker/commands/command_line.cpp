#include "commands/command_line.hpp"

#include <libpq-fe.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <vector>

#include "commands/help.hpp"
#include "core/spelling.hpp"
#include "core/text.hpp"

namespace hil::worker {
namespace {

using Names = std::vector<std::string>;

std::string listed(const Names& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

std::string version() {
    const int libpq = PQlibVersion();
    return "hil-worker " HIL_VERSION " (libpq " + std::to_string(libpq / 10'000) + "." +
           std::to_string(libpq % 10'000) + ")";
}

// The program's arguments: what is understood, and what is to be said of the rest.
class Arguments {
  public:
    Arguments();
    CommandLineResult read(int argc, char** argv);

  private:
    CLI::App* add(const std::string& name, const std::string& description, bool uses_database);
    CLI::App* add_with_file(const std::string& name, const std::string& description, bool uses_database);
    std::string problem(const CLI::ParseError& error) const;

    CLI::App app_{"The worker of hil: executes workflows that answer conversations, until a human has to.",
                  "hil-worker"};
    CommandLine told_;
    std::string own_config_;  // given after the command
};

CLI::App* Arguments::add(const std::string& name, const std::string& description, bool uses_database) {
    CLI::App* command = app_.add_subcommand(name, description);
    command->add_option("-c,--config", own_config_, "The configuration file; default: $HIL_CONFIG");
    command->footer(std::string(environment_help) + (uses_database ? database_help : "") + keys_help +
                    "`hil-worker --help` lists what the configuration can say.\n" + exit_codes_help);
    return command;
}

CLI::App* Arguments::add_with_file(const std::string& name, const std::string& description,
                                   bool uses_database) {
    CLI::App* command = add(name, description, uses_database);
    command->add_option("FILE", told_.file, "The workflow, as YAML")->required();
    return command;
}

Arguments::Arguments() {
    app_.footer(std::string(configuration_help) + "\n" + environment_help + database_help + keys_help + "\n" +
                exit_codes_help);
    app_.require_subcommand(1);
    app_.set_version_flag("--version", version(), "Print the version and exit");
    app_.add_option("-c,--config", told_.config_file, "The configuration file")->envname("HIL_CONFIG");
    add_with_file("load",
                  "Check a workflow and store it as its newest revision, which new runs use from then on.\n"
                  "Prints NAME revision N.",
                  /*uses_database=*/true);
    add_with_file("check", "Report every mistake of a workflow; needs no database.", /*uses_database=*/false);
    CLI::App* run =
        add("run",
            "Claim runs and execute them until SIGTERM or SIGINT: then nothing new is claimed, and the exit\n"
            "comes when the runs at hand are finished. A second signal ends the worker at once.",
            /*uses_database=*/true);
    run->add_option("--metrics-port", told_.metrics_port,
                    "Serve metrics for Prometheus at http://METRICS_ADDRESS:PORT/metrics; 0: any free port")
        ->check(CLI::Range(0, 65535));
    add_with_file("graph", "Draw a workflow; needs no database.", /*uses_database=*/false)
        ->add_option("--format", told_.format, "mermaid or dot")
        ->check(CLI::IsMember({"mermaid", "dot"}))
        ->capture_default_str();
    CLI::App* chat = add("chat",
                         "Write as a customer, and see each step of the AI as it comes, its answer, and what "
                         "human agents reply\n"
                         "after a handover. The steps are shown to a database role with the profile reader.",
                         /*uses_database=*/true);
    chat->add_option("--conversation", told_.chat.conversation,
                     "Go on with this conversation; default: a new one");
    chat->add_option("--workflow", told_.chat.workflow, "The workflow of a new conversation");
    add("desk", "The desk of a human agent: see who needs help, reply, resolve, hand back to the AI.",
        /*uses_database=*/true)
        ->add_option("--agent", told_.email, "The agent's email")
        ->required();
}

// What CLI11 says of a word that it does not know is that something else is missing, or the words backwards.
std::string Arguments::problem(const CLI::ParseError& error) const {
    const std::vector<std::string> rest = app_.remaining(/*recurse=*/true);
    const std::vector<CLI::App*> commands = app_.get_subcommands();
    const CLI::App& chosen = commands.empty() ? app_ : *commands.front();
    const auto option =
        std::find_if(rest.begin(), rest.end(), [](const std::string& word) { return word.starts_with('-'); });
    if (option != rest.end()) {
        const std::string given = option->substr(0, option->find('='));
        Names options = {"--help"};
        for (const CLI::Option* known : chosen.get_options())
            for (const std::string& name : known->get_lnames()) options.push_back("--" + name);
        return "there is no option " + in_quotes(given) + did_you_mean(given, options);
    }
    if (commands.empty()) {
        Names names;
        for (const CLI::App* command : app_.get_subcommands({})) names.push_back(command->get_name());
        if (rest.empty()) return "a command is missing; there are " + listed(names);
        return "there is no command " + in_quotes(rest.front()) + "; there are " + listed(names) +
               did_you_mean(rest.front(), names);
    }
    if (!rest.empty()) return "the argument " + in_quotes(rest.front()) + " is one too many";
    return error.what();
}

CommandLineResult Arguments::read(int argc, char** argv) {
    try {
        app_.parse(argc, argv);
    } catch (const CLI::Success& wish) {
        app_.exit(wish);
        return {std::nullopt, done};
    } catch (const CLI::ParseError& error) {
        const std::vector<CLI::App*> commands = app_.get_subcommands();
        const std::string program =
            "hil-worker" + (commands.empty() ? "" : " " + commands.front()->get_name());
        std::cerr << program << ": " << problem(error) << "\nRun `" << program << " --help` for more.\n";
        return {std::nullopt, not_possible};
    }
    told_.command = app_.get_subcommands().front()->get_name();
    if (!own_config_.empty()) told_.config_file = own_config_;
    return {told_, done};
}

}  // namespace

CommandLineResult read_command_line(int argc, char** argv) { return Arguments().read(argc, argv); }

}  // namespace hil::worker
