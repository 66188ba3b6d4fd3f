// What a step asks of a language model, and what comes back: the interface of all providers.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "async.hpp"
#include "core/json.hpp"
#include "watch/about.hpp"
#include "workflow/catalogue.hpp"

namespace hil::worker {

struct ToolSpec {
    std::string wire_name, description;
    Json parameters;
};

struct ToolCall {
    std::string id, wire_name;
    std::string arguments;  // JSON text as the model wrote it
};

struct ToolResult {
    std::string text;
    bool is_error = false;
};

// One turn of the exchange after the first prompt.
struct ModelTurn {
    Json raw;          // the provider's own message, sent back as it came: signed blocks stay valid
    std::string kind;  // of the provider that wrote `raw`
    std::string text;
    std::vector<ToolCall> calls;
    // By the place of the call among the turn's calls: models repeat ids.
    std::map<std::size_t, ToolResult> results;
    std::string correction;  // what was wrong with the answer, if something was
};

struct Exchange {
    std::string system_prompt, prompt;
    std::vector<ModelTurn> turns;
};

// The pointers outlive the call.
struct Question {
    std::string node;
    const ModelProfile* profile = nullptr;
    const Exchange* exchange = nullptr;
    const Json* output_schema = nullptr;           // JSON Schema that the answer has to fit
    const std::vector<ToolSpec>* tools = nullptr;  // may be empty
    bool must_answer = false;                      // no more tools: the final answer now
    // How much of the time for repeating requests the step has used up; nullptr: nobody counts.
    std::chrono::milliseconds* waited = nullptr;
    // Told when the run is with its provider, be it asking or waiting in one of the provider's places, and
    // when it is back. May be empty.
    std::function<void(bool)> at_provider;
    const Json* variables = nullptr;  // of the run; for the provider `rules`
    About about;                      // for the log
};

enum class Finish { answered, called, truncated, refused, filtered };

struct Usage {
    long long input_tokens = 0, output_tokens = 0, cached_tokens = 0, cache_write_tokens = 0;
    double cost_usd = 0;

    Usage& operator+=(const Usage& more) {
        input_tokens += more.input_tokens;
        output_tokens += more.output_tokens;
        cached_tokens += more.cached_tokens;
        cache_write_tokens += more.cache_write_tokens;
        cost_usd += more.cost_usd;
        return *this;
    }
};

struct Reply {
    Finish finish = Finish::answered;
    std::optional<std::string> answer;  // JSON text
    ModelTurn turn;
    Usage usage;
    std::string detail;  // why there is no answer, in the provider's words
};

// No reply. `retryable`: another attempt may succeed; `retry_after`: not before then.
class ProviderError : public std::runtime_error {
  public:
    enum class Kind {
        network,     // no connection, or none that lasted
        rate,        // too many requests
        overloaded,  // the server's fault
        money,       // no credit, or a spending limit
        request,     // whatever is wrong with it will be wrong again
        reply,       // cannot be understood
        cut_off,     // by the circuit breaker: nothing was sent
        no_place     // to wait in: nothing went wrong, and the run is to come again after `retry_after`
    };

    ProviderError(Kind kind, const std::string& message, bool retryable,
                  std::optional<std::chrono::milliseconds> retry_after = std::nullopt)
        : std::runtime_error(message), kind(kind), retryable(retryable), retry_after(retry_after) {}

    Kind kind;
    bool retryable;
    std::optional<std::chrono::milliseconds> retry_after;
    bool not_at_once = false;  // the server wants no repetition now
    bool timed_out = false;    // there was a connection, and no answer in time
};

class Provider {
  public:
    virtual ~Provider() = default;

    // Called for many runs at once, on their strands. Throws ProviderError; any other exception counts as a
    // retryable one.
    virtual Task<Reply> ask(const Question& question) = 0;
};

// By name; a model profile names its provider.
using Providers = std::map<std::string, std::unique_ptr<Provider>>;

}  // namespace hil::worker
