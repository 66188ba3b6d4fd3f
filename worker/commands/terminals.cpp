#include <unistd.h>

#include <iostream>

#include "commands/commands.hpp"
#include "commands/files.hpp"
#include "terminal/chat.hpp"
#include "terminal/desk.hpp"

namespace hil::worker {

void chat(const ChatOptions& options, const Config& config) {
    require_connection_string(config);
    Connection database(config.database_url);
    Page page(std::cout, isatty(STDOUT_FILENO) != 0);
    Input input;
    Chat(database, options, page, input).run();
}

void desk(const std::string& email, const Config& config) {
    require_connection_string(config);
    Connection database(config.database_url);
    Page page(std::cout, isatty(STDOUT_FILENO) != 0);
    Input input;
    Desk(database, email, page, input).run();
}

}  // namespace hil::worker
