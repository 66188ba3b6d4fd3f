// What a node asks of a language model, and what comes back: the interface of all providers.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/json.hpp"

namespace hil::worker::llm {

struct Request {
    std::string node;                // the node that asks
    std::string agent;               // its preset
    std::string model;               // of the model profile; may be empty where the provider knows only one
    std::string system_prompt;       // the preset's, with the human agent's instructions if there are any
    std::string prompt;              // rendered
    Json output_schema;              // JSON Schema that the output has to fit
    Json variables;                  // customer_message, messages, memory_context, instructions, conversation
    Json options;                    // of the model profile
    std::vector<std::string> tools;  // patterns of the tools that the model may use
    int max_iterations = 1;          // calls of the model that the node may make, its use of tools included
};

struct Reply {
    Json output;
    long long input_tokens = 0;
    long long output_tokens = 0;
    double cost_usd = 0;
};

// No reply. `retryable`: the same request may succeed later; `retry_after`: not before then.
class ProviderError : public std::runtime_error {
  public:
    ProviderError(const std::string& message, bool retryable,
                  std::optional<std::chrono::milliseconds> retry_after = std::nullopt)
        : std::runtime_error(message), retryable(retryable), retry_after(retry_after) {}

    const bool retryable;
    const std::optional<std::chrono::milliseconds> retry_after;
};

class Provider {
  public:
    virtual ~Provider() = default;
    // Called from several threads at once. Throws ProviderError; any other exception counts as a retryable
    // one.
    virtual Reply complete(const Request& request) = 0;
};

// By name; a model profile names its provider.
using Providers = std::map<std::string, std::unique_ptr<Provider>>;

}  // namespace hil::worker::llm
