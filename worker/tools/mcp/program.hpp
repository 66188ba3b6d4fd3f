// A server that is a program: its process, and the messages on its pipes.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mcp/child.hpp"
#include "tools/mcp/transport.hpp"

namespace hil::worker::mcp {

// One start of it, as long as anything reads from its pipes. Everything runs on the server's strand.
class Program : public std::enable_shared_from_this<Program> {
  public:
    // `name` is for the log. Throws std::system_error where it cannot be started.
    Program(asio::io_context& io, asio::any_io_executor strand, std::string name,
            const std::vector<std::string>& command, const std::vector<std::string>& environment,
            Transport::OnMessage on_message);

    // Begins to read.
    void begin();

    // It takes requests.
    bool is_alive() const { return alive_; }

    // Sends a line. Throws NoReply after the end.
    void send(std::string text);

    // Waits for the reply to the request that was sent with this id. Nothing: there was none within the time,
    // the program has ended, or the caller is cancelled.
    Task<std::optional<Message>> reply_to(std::int64_t id, std::chrono::milliseconds timeout);

    // Gives the program up; who waits for it is told.
    void kill();

    // Closes its input and waits until it has ended. One that does not end by itself within two seconds gets
    // SIGTERM, and after two more SIGKILL. What it says meanwhile is still read.
    Task<> finish();

  private:
    // The request that waits for a reply. The timer ends early when there is one.
    struct Waiting {
        asio::steady_timer timer;
        std::optional<Message> reply;
    };

    static Task<> write(std::shared_ptr<Program> self);
    static Task<> read(std::shared_ptr<Program> self);
    static Task<> log(std::shared_ptr<Program> self);
    void note(std::string_view line) const;
    void take(std::string_view line);
    void take_no_more();
    Task<bool> ends_within(std::chrono::milliseconds time);

    asio::io_context& io_;
    const asio::any_io_executor strand_;
    const std::string name_;
    const Transport::OnMessage on_message_;
    Child child_;
    asio::posix::stream_descriptor in_, out_, err_, end_;
    std::map<std::int64_t, Waiting*> waiting_;
    std::deque<std::string> unsent_;
    std::size_t waiting_bytes_ = 0;
    bool alive_ = true;
    bool finishing_ = false;
};

}  // namespace hil::worker::mcp
