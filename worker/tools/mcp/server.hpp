// A server of tools, by the Model Context Protocol: begun when it is first needed, and again after it ended.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async.hpp"
#include "backoff.hpp"
#include "threads.hpp"
#include "tools/mcp/messages.hpp"
#include "tools/mcp/transport.hpp"
#include "tools/parameters.hpp"
#include "tools/tool.hpp"

namespace hil::worker::mcp {

struct ServerSettings {
    std::string name;
    std::chrono::milliseconds start_timeout{20'000}, timeout{30'000};  // timeout: of one call
    std::size_t max_result_bytes = 32'768;
    std::vector<std::string> tools;  // those that exist for hil; empty: all
};

// A tool that the server has, with its name there.
struct ServerTool {
    std::string name;
    std::string description;
    ToolParameters parameters;
};

// Thread-safe: what is called from outside goes to the server's strand and comes back to the caller's
// executor.
class Server : public std::enable_shared_from_this<Server> {
  public:
    // Makes the way to the server; it passes on what the server says unasked.
    using MakeTransport =
        std::function<std::shared_ptr<Transport>(asio::any_io_executor strand, Transport::OnMessage)>;

    static std::shared_ptr<Server> make(Threads& threads, ServerSettings settings,
                                        const MakeTransport& make_transport);

    const ServerSettings& settings() const { return settings_; }

    // Starts the server if it does not run. Throws ToolServerDown when it is not there within start_timeout.
    Task<std::vector<ServerTool>> tools();

    // Throws only when it is cancelled.
    Task<ToolOutcome> call(std::string tool, Json arguments, std::string idempotency_key);

    // Ends the server for good; takes a few seconds at most.
    Task<> stop();

  private:
    enum class State { off, starting, ready };
    using Time = std::chrono::steady_clock::time_point;

    Server(Threads& threads, ServerSettings settings);

    Task<std::vector<ServerTool>> tools_here();
    Task<ToolOutcome> call_here(std::string tool, Json arguments, std::string idempotency_key);
    Task<> stop_here();
    Task<> be_ready();
    static Task<> begin(std::shared_ptr<Server> self);
    // The list of a server that is there; whether it is new does not matter.
    bool has_list() const;
    Task<> greet();
    Task<> list();
    Task<Json> ask(std::string method, Json params, std::chrono::milliseconds timeout);
    Task<Json> call_tool(Json params);
    Task<> wait_until(Time time);
    void wake_all();
    void take(const Message& message);
    static Task<> say(std::shared_ptr<Server> self, std::string text);

    Threads& threads_;
    const asio::any_io_executor strand_;
    const ServerSettings settings_;
    std::shared_ptr<Transport> transport_;

    State state_ = State::off;
    std::vector<ServerTool> tools_;
    int greetings_ = 0;
    bool is_greeted_ = false;
    bool is_stateless_ = false;  // greeted in vain: it takes requests without a handshake
    bool has_tools_ = false;
    bool is_listed_ = false;  // since it was greeted
    bool list_is_old_ = false;
    bool stopped_ = false;
    asio::cancellation_signal beginning_;  // ends what makes it ready
    std::int64_t last_id_ = 0;
    int replies_ = 0;
    std::string last_error_;
    Backoff backoff_{std::chrono::milliseconds(500), std::chrono::seconds(30)};
    Time not_before_{};       // begun
    Time list_not_before_{};  // listed again
    std::set<asio::steady_timer*> waiters_;
};

}  // namespace hil::worker::mcp
