// A server that is a program of its own: a message is a line of its standard input or output.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tools/mcp/transport.hpp"

namespace hil::worker::mcp {

class Program;

class Stdio : public Transport {
  public:
    // `variables` names those of the worker's environment that the program gets. `strand` is the server's.
    Stdio(asio::io_context& io, asio::any_io_executor strand, std::string name,
          std::vector<std::string> command, std::vector<std::string> variables, OnMessage on_message);

    Task<> start() override;
    Task<Message> ask(std::int64_t id, std::string method, Json params,
                      std::chrono::milliseconds timeout) override;
    Task<> tell(std::string text) override;
    void agreed_on(const std::string&) override {}
    bool is_running() const override;
    Task<> end() override;

  private:
    asio::io_context& io_;
    asio::any_io_executor strand_;
    const std::string name_;
    const std::vector<std::string> command_, variables_;
    const OnMessage on_message_;
    std::shared_ptr<Program> running_;
};

}  // namespace hil::worker::mcp
