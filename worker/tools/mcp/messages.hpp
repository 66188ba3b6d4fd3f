// What the Model Context Protocol says in its messages: the handshake, tools and their calls. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "tools/mcp/json_rpc.hpp"

namespace hil::worker::mcp {

// Versions with a handshake, the newest first. We ask for it and take any of them.
inline constexpr std::array handshake_versions = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

// The version from which on there is no handshake: every request says who asks, and by which version.
inline constexpr const char* stateless_version = "2026-07-28";

// The server does not keep to the protocol, or speaks a version that we do not.
class BadServer : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

Json initialize_params();

struct Agreement {
    std::string version;
    bool has_tools = false;
};

// Throws BadServer.
Agreement read_initialize(const Json& result);

// Whether a server that refused the handshake with this error can be talked to without one.
bool takes_stateless(const RpcError& error);

// The parameters of a request to such a server.
Json stateless_params(Json params);

struct RemoteTool {
    std::string name;
    std::string description;
    Json schema;
    // It wants some parameters in headers of HTTP too, which hil does not write.
    bool wants_headers = false;
};

struct ToolPage {
    std::vector<RemoteTool> tools;
    std::optional<std::string> next;  // the cursor of the next page
};

// What is no tool in the list is left out. Throws BadServer where there is no list.
ToolPage read_tool_page(const Json& result);

Json call_params(const std::string& tool, const Json& arguments, const std::string& idempotency_key);

// The protocol's way to say that nobody waits for a reply any more; of the handshake it must not be said.
bool may_be_called_off(const std::string& method);
std::string called_off_text(std::int64_t id, const char* reason);

struct CallResult {
    std::string text;
    bool is_error = false;
};

// The texts of a result, a line for everything else in it. Throws BadServer.
CallResult read_call_result(const Json& result);

// The schema of a tool without what our check of arguments refuses (`pattern`, formats of dates): the server
// checks these itself.
Json checkable(const Json& schema);

}  // namespace hil::worker::mcp
