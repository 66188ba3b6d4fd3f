// The worker's log.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "db/protocol.hpp"

namespace hil::worker {

// Logs to standard error from now on: texts, or with `json` one JSON object per line: at, level, message, and
// run, attempt and conversation where a run is meant. Secrets are taken out of both.
void open_log(const std::string& level, bool json);

// Logs about a run. Never texts of messages, prompts, arguments or results.
void note_run(const Claim& claim, spdlog::level::level_enum level, const std::string& message);

}  // namespace hil::worker
