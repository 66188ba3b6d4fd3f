// What hil-worker is told on its command line.
#pragma once

#include <optional>
#include <string>

#include "terminal/chat.hpp"

namespace hil::worker {

// The exit codes that --help documents.
enum ExitCode { done = 0, has_mistakes = 1, not_possible = 2 };

struct CommandLine {
    std::string command;              // load, check, run, graph, chat or desk
    std::string config_file;          // --config, else HIL_CONFIG; empty: none
    std::string file;                 // of load, check and graph
    std::string format = "mermaid";   // of graph: mermaid or dot
    std::optional<int> metrics_port;  // of run
    ChatOptions chat;
    std::string email;  // of desk
};

// Reads the arguments. Where that is all (--help, --version) or they are wrong, it has been printed, and the
// exit code is all that is left.
struct CommandLineResult {
    std::optional<CommandLine> told;
    ExitCode exit_code = done;
};
CommandLineResult read_command_line(int argc, char** argv);

}  // namespace hil::worker
