#include <unistd.h>

#include <functional>
#include <iostream>
#include <memory>

#include "commands/commands.hpp"
#include "commands/files.hpp"
#include "terminal/chat.hpp"
#include "terminal/desk.hpp"

namespace hil::worker {
namespace {

void sit(const Config& config, const std::function<std::unique_ptr<Seat>(Page&)>& take_seat) {
    require_connection_string(config);
    Page page(std::cout, isatty(STDOUT_FILENO) != 0);
    Input input;
    const std::unique_ptr<Seat> seat = take_seat(page);
    Sitting(config.database_url, *seat, page, input).run();
}

}  // namespace

void chat(const ChatOptions& options, const Config& config) {
    sit(config, [&](Page& page) { return std::make_unique<Chat>(options, page); });
}

void desk(const std::string& email, const Config& config) {
    sit(config, [&](Page& page) { return std::make_unique<Desk>(email, page); });
}

}  // namespace hil::worker
