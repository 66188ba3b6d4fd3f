// How messages get to a server and back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "async.hpp"
#include "core/json.hpp"
#include "tools/mcp/json_rpc.hpp"

namespace hil::worker::mcp {

// Nothing came back, and whether the server has acted is unknown. `started`: there is a server, and the
// request may have reached it.
class NoReply : public std::runtime_error {
  public:
    NoReply(const std::string& message, bool started) : std::runtime_error(message), started(started) {}
    const bool started;
};

// The server has forgotten us, and has not looked at the request.
class SessionLost : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// One server. Everything runs on its strand, `on_message` too, which gets the server's own requests and
// notifications.
class Transport {
  public:
    using OnMessage = std::function<void(const Message&)>;

    virtual ~Transport() = default;

    // Begins anew; what was there is gone at once. Throws NoReply.
    virtual Task<> start() = 0;

    // Sends a request and waits for the reply with its id. Throws NoReply and SessionLost. One that is
    // cancelled, or takes too long, is called off at the server, as far as the protocol lets it be.
    virtual Task<Message> ask(std::int64_t id, std::string method, Json params,
                              std::chrono::milliseconds timeout) = 0;

    // Sends a notification, or a reply. Throws NoReply.
    virtual Task<> tell(std::string text) = 0;

    // What the handshake agreed on.
    virtual void agreed_on(const std::string& version) = 0;

    // False after the server has ended. It can be started again.
    virtual bool is_running() const = 0;

    // Ends the server, or what it keeps for us, in the way that the protocol has for it; a few seconds at
    // most. What waits for a reply throws NoReply.
    virtual Task<> end() = 0;
};

}  // namespace hil::worker::mcp
