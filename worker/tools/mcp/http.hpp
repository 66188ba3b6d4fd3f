// A server that is reached by HTTP (the transport that is called Streamable HTTP): every message is a POST,
// its answer JSON or a stream of events.
#pragma once

#include <asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "http/client.hpp"
#include "tools/mcp/transport.hpp"

namespace hil::worker::mcp {

struct HttpAddress {
    std::string url;
    Headers headers;
    std::shared_ptr<const AddressPolicy> addresses;
};

class Http : public Transport, public std::enable_shared_from_this<Http> {
  public:
    Http(HttpClient& client, asio::any_io_executor strand, HttpAddress address, OnMessage on_message);

    Task<> start() override;
    Task<Message> ask(std::int64_t id, std::string method, Json params,
                      std::chrono::milliseconds timeout) override;
    Task<> tell(std::string text) override;
    void agreed_on(const std::string& version) override { version_ = version; }
    bool is_running() const override { return started_; }
    Task<> end() override;

  private:
    HttpRequest addressed(std::chrono::milliseconds timeout) const;
    HttpRequest post(std::string text, std::chrono::milliseconds timeout) const;
    void call_off(std::int64_t id, const std::string& method, const char* reason);
    static Task<> say(std::shared_ptr<Http> self, std::string text);

    HttpClient& client_;
    const asio::any_io_executor strand_;
    const HttpAddress address_;
    const OnMessage on_message_;
    bool started_ = false;
    std::string session_, version_;
};

}  // namespace hil::worker::mcp
