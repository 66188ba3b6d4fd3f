// The worker's log.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "watch/about.hpp"

namespace hil::worker {

// Logs to standard error from now on: texts, or with `json` one JSON object per line: at, level, event, run,
// attempt, conversation and node where they apply, and message. Secrets are taken out of both.
void open_log(const std::string& level, bool json);

// Logs that something happened. `event`: its name for programs, which never changes. Never texts of messages,
// prompts, arguments or results.
void note(spdlog::level::level_enum level, const char* event, const std::string& message,
          const About& about = {});

}  // namespace hil::worker
