// What hil-worker can be told to do. Each command throws Mistakes for a file that has been complained about,
// and std::runtime_error for what is not possible.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "terminal/chat.hpp"

namespace hil::worker {

void check(const std::string& workflow_file, const Config& config);
void load(const std::string& workflow_file, const Config& config);
void graph(const std::string& workflow_file, const std::string& format, const Config& config);
// `metrics_port`: where the metrics are served; 0: on any free port; nothing: nowhere.
void run(const Config& config, std::optional<int> metrics_port);
void chat(const ChatOptions& options, const Config& config);
void desk(const std::string& email, const Config& config);

}  // namespace hil::worker
