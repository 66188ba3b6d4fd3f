// JSON-RPC 2.0 messages, as the Model Context Protocol uses them. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"

namespace hil::worker::mcp {

inline constexpr std::size_t max_message_bytes = 4 << 20;
inline constexpr std::size_t max_listed_messages = 1'000;

inline constexpr int method_not_found = -32601;

// What came is no message.
class BadMessage : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The other side's refusal of a request.
struct RpcError {
    std::int64_t code = 0;
    std::string message;
    Json data;
};

// A message that came. A reply has an id and no method, a request both, a notification no id.
struct Message {
    Json id;
    std::string method;
    Json params = Json::object();
    Json result;
    std::optional<RpcError> error;

    bool is_reply() const { return method.empty(); }
    bool is_request() const { return !method.empty() && !id.is_null(); }
};

// Ids of our own are integers.
std::string request_text(std::int64_t id, const std::string& method, const Json& params);
std::string notification_text(const std::string& method, const Json& params);
std::string result_reply(const Json& id, const Json& result);
std::string error_reply(const Json& id, int code, const std::string& message);

// One message, or several in a list. Throws BadMessage for what is none, is longer than max_message_bytes, is
// nested deeper than max_json_depth, or lists more than max_listed_messages.
std::vector<Message> read_messages(std::string_view text);

// What is said to a server's own request: to a ping that we are there, to all else that we know no such
// method.
std::string reply_to(const Message& request);

}  // namespace hil::worker::mcp
