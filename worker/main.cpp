// hil-worker: does what its command line says.
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "commands/command_line.hpp"
#include "commands/commands.hpp"
#include "commands/files.hpp"

namespace {

using namespace hil::worker;

void obey(const CommandLine& told) {
    const Config config = configuration(told.config_file);
    const std::map<std::string, std::function<void()>> commands = {{"load", [&] { load(told.file, config); }},
                                                                   {"check", [&] { check(told.file, config); }},
                                                                   {"run", [&] { run(config, told.metrics_port); }},
                                                                   {"graph", [&] { graph(told.file, told.format, config); }},
                                                                   {"chat", [&] { chat(told.chat, config); }},
                                                                   {"desk", [&] { desk(told.email, config); }}};
    commands.at(told.command)();
    if (!std::cout.flush()) throw std::runtime_error("the output cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
    const CommandLineResult read = read_command_line(argc, argv);
    if (!read.told) return read.exit_code;
    try {
        obey(*read.told);
        return done;
    } catch (const Mistakes&) {
        return has_mistakes;
    } catch (const std::exception& error) {
        std::cerr << "hil-worker: " << error.what() << '\n';
        return not_possible;
    }
}
