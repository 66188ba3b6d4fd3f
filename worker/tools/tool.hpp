// What the AI can do besides answering: the interface of all tools.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "async.hpp"
#include "core/json.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {

struct CallContext {
    std::int64_t run_id = 0;
    int attempt = 0;
    std::string conversation_id, node;
    int call = 0;                 // 1, 2, … over all turns of the node
    std::string idempotency_key;  // the same for the same call of every attempt
    bool again = false;           // an earlier attempt may have made it
};

struct ToolOutcome {
    std::string text;
    bool is_error = false;
    bool recorded = false;  // its own transaction has written it down
    long long duration_ms = 0;
};

// Used by many runs at once, on their strands.
class Tool {
  public:
    virtual ~Tool() = default;
    virtual const std::string& name() const = 0;  // "shopify.get_order"
    virtual const std::string& description() const = 0;
    virtual const OutputSchema& parameters() const = 0;

    // `arguments` fit `parameters`. What goes wrong is in the outcome; throws only when it is cancelled.
    virtual Task<ToolOutcome> call(const Json& arguments, const CallContext& context) = 0;
};

// A tool server that a node needs cannot be reached; the attempt can be repeated.
class ToolServerDown : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// All tools of a worker.
class Tools {
  public:
    virtual ~Tools() = default;

    // Those that one of the patterns matches, sorted by name; `missing` gets the patterns that nothing
    // matches. Waits for the MCP servers that a pattern needs. Throws ToolServerDown.
    virtual Task<std::vector<std::shared_ptr<Tool>>> matching(const std::vector<std::string>& patterns,
                                                              std::vector<std::string>& missing) = 0;

    // Ends what was begun for them, when no run needs it any more; a few seconds at most. Not to be
    // cancelled.
    virtual Task<> stop() = 0;

    // For `check`: the names, and "SERVER.*" for each MCP server.
    virtual std::vector<std::string> configured() const = 0;
};

}  // namespace hil::worker
