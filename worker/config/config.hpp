// The worker's configuration: one YAML file and the environment.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/providers.hpp"
#include "config/tools.hpp"
#include "workflow/catalogue.hpp"
#include "workflow/loader.hpp"

namespace hil::worker {

// The database takes 191 bytes, and the ending that tells processes apart needs nine.
inline constexpr std::size_t max_worker_bytes = 182;

// What one run may use up; passing one limit hands over to a human.
struct Limits {
    std::chrono::milliseconds wall{300'000};  // of one attempt
    int tokens = 200'000;                     // input and output
    double cost_usd = 1;
    int tool_calls = 50;
};

struct Config {
    std::string database_url;  // libpq URL or keywords; empty: libpq's environment variables
    std::string
        worker;  // the name's first part, by default the host's name; each process adds its own ending
    int concurrency = 100;       // runs worked on at once, but for those that are with their provider
    int waiting_runs = 100;      // that may wait for each provider; default: as many as concurrency
    int parallel_nodes = 4;      // independent nodes of one run that are executed at once
    int work_threads = 4;        // on which all runs share the computing
    int report_connections = 4;  // to the database, for what the runs report
    std::chrono::milliseconds lease{60'000};
    std::chrono::milliseconds tick{1'000};       // between two calls of hil_tick
    std::chrono::milliseconds poll{1'000};       // at the latest, runs are looked for after this
    std::chrono::milliseconds drain{30'000};     // what is being executed at a stop may take this long
    std::optional<std::filesystem::path> rules;  // intents of the provider `rules`; the built-in ones without
    std::string log_level = "info";
    std::string log_format = "text";  // or json
    std::string metrics_address = "127.0.0.1";
    Limits limits;
    std::vector<ProviderConfig> providers;
    ToolsConfig tools;
    Catalogue catalogue = Catalogue::builtin();
};

struct ConfigResult {
    std::optional<Config> config;  // set if and only if there are no errors
    std::vector<Mistake> errors;   // all of them, with line and column
};

// Reads the YAML text of a configuration file; "" gives the defaults. Relative paths in it are relative to
// `folder`.
ConfigResult read_config(const std::string& text, const std::filesystem::path& folder);

}  // namespace hil::worker
