// Puts together the providers that the configuration names.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "http/client.hpp"
#include "llm/model.hpp"

namespace hil::worker {

class Metrics;

// The provider `rules` (with its file's text, or the built-in rules) and those of the configuration, with
// their slots, retries and circuit breakers. `client` and `metrics` outlive them. Throws std::runtime_error
// where a variable of the environment is missing.
Providers make_providers(const Config& config, const std::optional<std::string>& rules, HttpClient& client,
                         Metrics& metrics);

// How many requests all of them send at once, at most.
int most_requests(const Config& config);

}  // namespace hil::worker
