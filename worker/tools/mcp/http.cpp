#include "tools/mcp/http.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "config/secrets.hpp"
#include "core/text.hpp"
#include "http/sse.hpp"
#include "tools/mcp/messages.hpp"

namespace hil::worker::mcp {
namespace {

constexpr std::chrono::seconds connect_timeout{5}, notification_timeout{10}, end_timeout{2};
constexpr std::size_t max_excerpt = 200;
constexpr int max_messages = 1'000;  // in one answer

// Takes an answer as it comes, and knows when the reply is there: a server may leave the stream open.
class Answer {
  public:
    explicit Answer(std::int64_t id) : id_(id) {}

    // False: the reply is there, or will not be.
    bool take(std::string_view bytes) {
        body_ += bytes;
        for (const ServerEvent& event : events_.add(bytes)) take_messages(event.data);
        return !reply_ && !is_too_much();
    }

    // After the end, for an answer that is no stream.
    void take_body() {
        if (!reply_) take_messages(body_);
    }

    // More than a server has to say about one request.
    bool is_too_much() const { return messages_ > max_messages; }

    std::optional<Message>& reply() { return reply_; }
    const std::vector<Message>& others() const { return others_; }
    const std::string& body() const { return body_; }

  private:
    void take_messages(const std::string& text) {
        if (is_blank(text) || ++messages_ > max_messages) return;
        try {
            for (Message& message : read_messages(text)) {
                if (!message.is_reply()) others_.push_back(std::move(message));
                // A request that could not be read is refused without its id.
                else if (message.id == id_ || (message.error && message.id.is_null()))
                    reply_ = std::move(message);
            }
        } catch (const BadMessage& error) {
            spdlog::debug("a tool server sent what is no message: {}", error.what());
        }
    }

    const std::int64_t id_;
    SseReader events_;
    std::string body_;
    std::optional<Message> reply_;
    std::vector<Message> others_;
    int messages_ = 0;  // a list counts as one
};

std::string base64(const std::string& text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8U | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            out += at + i <= text.size() ? digits[bits >> (18 - 6 * i) & 63U] : '=';
    }
    return out;
}

bool has_reached_server(HttpError::Kind kind) {
    return kind == HttpError::Kind::first_byte || kind == HttpError::Kind::total ||
           kind == HttpError::Kind::cut || kind == HttpError::Kind::too_large;
}

NoReply no_reply(const HttpError& error) { return {error.what(), has_reached_server(error.kind)}; }

// A server that refuses has not acted; one that failed may have.
NoReply no_reply(long status, const std::string& body) {
    return {"HTTP " + std::to_string(status) + ": " + one_line(redact(body), max_excerpt), status >= 500};
}

// A name as the value of a header: what is not plain ASCII is encoded.
std::string header_text(const std::string& name) {
    const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7F; });
    return is_plain ? name : "=?base64?" + base64(name) + "?=";
}

}  // namespace

Http::Http(HttpClient& client, asio::any_io_executor strand, HttpAddress address, OnMessage on_message)
    : client_(client),
      strand_(std::move(strand)),
      address_(std::move(address)),
      on_message_(std::move(on_message)) {}

Task<> Http::start() {
    session_.clear();
    version_.clear();
    started_ = true;
    co_return;
}

// A session is the server's to keep until we say that it is over. A server that keeps none, or ends them by
// itself alone, refuses this.
Task<> Http::end() {
    started_ = false;
    HttpRequest request = addressed(end_timeout);
    request.method = "DELETE";
    if (std::exchange(session_, "").empty()) co_return;
    try {
        co_await client_.send(std::move(request));
    } catch (const HttpError& error) {
        spdlog::debug("the end of a session was not told to a tool server: {}", error.what());
    }
}

HttpRequest Http::addressed(std::chrono::milliseconds timeout) const {
    HttpRequest request;
    request.url = address_.url;
    request.headers = address_.headers;
    if (!version_.empty()) request.headers.emplace_back("MCP-Protocol-Version", version_);
    if (!session_.empty()) request.headers.emplace_back("Mcp-Session-Id", session_);
    request.timeouts = {std::min<std::chrono::milliseconds>(timeout, connect_timeout), timeout, timeout};
    request.max_reply_bytes = max_message_bytes;
    request.addresses = address_.addresses;
    return request;
}

HttpRequest Http::post(std::string text, std::chrono::milliseconds timeout) const {
    HttpRequest request = addressed(timeout);
    request.body = std::move(text);
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json, text/event-stream");
    return request;
}

Task<Message> Http::ask(std::int64_t id, std::string method, Json params, std::chrono::milliseconds timeout) {
    const auto answer = std::make_shared<Answer>(id);
    HttpRequest request = post(request_text(id, method, params), timeout);
    if (version_ == stateless_version) {
        request.headers.emplace_back("Mcp-Method", method);
        if (method == "tools/call") request.headers.emplace_back("Mcp-Name", header_text(params.at("name")));
    }
    request.on_data = [answer](std::string_view bytes) { return answer->take(bytes); };
    const std::string session = session_;
    HttpReply reply;
    try {
        reply = co_await client_.send(std::move(request));
    } catch (const HttpError& error) {
        if (error.kind == HttpError::Kind::first_byte || error.kind == HttpError::Kind::total)
            call_off(id, method, "timeout");
        throw no_reply(error);
    } catch (const std::system_error&) {
        call_off(id, method, "cancelled");
        throw;
    }
    if (reply.status == 404 && !session.empty()) {
        if (session_ == session) session_.clear();
        throw SessionLost("the server has forgotten the session");
    }
    answer->take_body();
    for (const Message& message : answer->others()) on_message_(message);
    if (answer->is_too_much())
        throw NoReply("the answer was more than " + std::to_string(max_messages) + " messages",
                      /*started=*/true);
    if (!answer->reply() && reply.status / 100 != 2) throw no_reply(reply.status, answer->body());
    if (!answer->reply()) throw NoReply("the answer was no reply, or was cut off", /*started=*/true);
    if (method == "initialize") session_ = reply.header("Mcp-Session-Id").value_or("");
    co_return std::move(*answer->reply());
}

// That the connection was closed is not enough.
void Http::call_off(std::int64_t id, const std::string& method, const char* reason) {
    if (!may_be_called_off(method)) return;
    asio::co_spawn(strand_, say(shared_from_this(), called_off_text(id, reason)), asio::detached);
}

Task<> Http::say(std::shared_ptr<Http> self, std::string text) { co_await self->tell(std::move(text)); }

Task<> Http::tell(std::string text) {
    HttpRequest request = post(std::move(text), notification_timeout);
    HttpReply reply;
    try {
        reply = co_await client_.send(std::move(request));
    } catch (const HttpError& error) {
        throw no_reply(error);
    }
    if (reply.status / 100 != 2) throw no_reply(reply.status, reply.body);
}

}  // namespace hil::worker::mcp
