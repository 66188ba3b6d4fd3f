// The part of the configuration that says which models there are, and who provides them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "config/web.hpp"
#include "http/client.hpp"
#include "workflow/catalogue.hpp"

namespace hil::worker {

// When a request is repeated within a step.
struct RetrySettings {
    std::chrono::milliseconds budget{120'000};  // of a whole step, for all its waiting
    std::chrono::milliseconds first{500};       // between two tries, doubling
    std::chrono::milliseconds longest{20'000};
};

// When a provider is cut off, and for how long.
struct BreakerSettings {
    int failures = 5;  // in a row; 0: never
    std::chrono::milliseconds open{10'000};
    std::chrono::milliseconds longest_open{60'000};
};

struct ProviderConfig {
    std::string name;
    std::string kind;  // openai, anthropic or rules
    std::string base_url;
    std::string dialect = "openai";  // of kind openai: openai, azure or compatible
    std::string api_key_env;         // the variable that has the key; empty: none is sent
    WebTexts query, headers;
    int concurrency = 50;  // requests at once
    HttpTimeouts timeouts;
    std::shared_ptr<const AddressPolicy> addresses = AddressPolicy::public_only();
    RetrySettings retry;
    BreakerSettings breaker;
};

// Adds the keys `providers` and `model_profiles`. What the file leaves out of a profile stays as it was built
// in. What is given outlives the keys.
void add_provider_keys(Reader& reader, Reader::Keys& keys, std::vector<ProviderConfig>& providers,
                       Catalogue& catalogue);

// Notes profiles whose provider or model is missing; to be called when both keys were read. `given`: the
// whole configuration.
void check_profiles(Reader& reader, const Json& given, const std::vector<ProviderConfig>& providers,
                    const Catalogue& catalogue);

}  // namespace hil::worker
