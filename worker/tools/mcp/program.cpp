#include "tools/mcp/program.hpp"

#include <spdlog/spdlog.h>

#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <csignal>
#include <system_error>
#include <utility>

#include "config/secrets.hpp"
#include "core/text.hpp"

namespace hil::worker::mcp {
namespace {

constexpr std::size_t max_waiting_bytes = 16 << 20;  // that the program has not read yet
constexpr std::size_t max_line_bytes = 65'536;       // of its standard error
constexpr std::size_t max_log_characters = 1'000;
constexpr std::chrono::seconds grace{2};

}  // namespace

Program::Program(asio::io_context& io, asio::any_io_executor strand, std::string name,
                 const std::vector<std::string>& command, const std::vector<std::string>& environment,
                 Transport::OnMessage on_message)
    : io_(io),
      strand_(std::move(strand)),
      name_(std::move(name)),
      on_message_(std::move(on_message)),
      child_(command, environment),
      in_(io, child_.take_input()),
      out_(io, child_.take_output()),
      err_(io, child_.take_error()),
      end_(io, child_.take_end()) {}

void Program::begin() {
    asio::co_spawn(strand_, read(shared_from_this()), asio::detached);
    asio::co_spawn(strand_, log(shared_from_this()), asio::detached);
}

void Program::send(std::string text) {
    if (!alive_) throw NoReply("the server has ended", /*started=*/false);
    waiting_bytes_ += text.size() + 1;
    unsent_.push_back(std::move(text) + "\n");
    if (waiting_bytes_ > max_waiting_bytes) return kill();
    if (unsent_.size() == 1) asio::co_spawn(strand_, write(shared_from_this()), asio::detached);
}

Task<std::optional<Message>> Program::reply_to(std::int64_t id, std::chrono::milliseconds timeout) {
    Waiting waiting{asio::steady_timer(io_, timeout), std::nullopt};
    struct Listed {
        std::map<std::int64_t, Waiting*>& all;
        std::int64_t id;
        ~Listed() { all.erase(id); }
    };
    waiting_[id] = &waiting;
    const Listed listed{waiting_, id};
    std::error_code ended;
    if (alive_) co_await waiting.timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    co_return std::move(waiting.reply);
}

void Program::take_no_more() {
    alive_ = false;
    std::error_code ignored;
    in_.close(ignored);
    for (const auto& [id, waiting] : waiting_) waiting->timer.cancel();
}

void Program::kill() {
    take_no_more();
    std::error_code ignored;
    out_.close(ignored);
    err_.close(ignored);
    child_.signal(SIGKILL);
}

Task<> Program::finish() {
    finishing_ = true;
    take_no_more();
    for (const int number : {SIGTERM, SIGKILL}) {
        const bool has_ended = co_await ends_within(grace);
        if (has_ended) break;
        spdlog::debug("tool server {}: it does not end, and gets signal {}", name_, number);
        child_.signal(number);
    }
    kill();
}

Task<bool> Program::ends_within(std::chrono::milliseconds time) {
    asio::steady_timer timer(io_, time);
    auto give_up = [self = shared_from_this()](const std::error_code& error) {
        if (!error) self->end_.cancel();
    };
    timer.async_wait(asio::bind_executor(strand_, std::move(give_up)));
    std::error_code error;
    co_await end_.async_wait(asio::posix::stream_descriptor::wait_read,
                             asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

Task<> Program::write(std::shared_ptr<Program> self) {
    while (!self->unsent_.empty() && self->alive_) {
        std::error_code error;
        const asio::const_buffer line = asio::buffer(self->unsent_.front());
        co_await asio::async_write(self->in_, line, asio::redirect_error(asio::use_awaitable, error));
        if (error && !self->finishing_) self->kill();
        if (error) co_return;
        self->waiting_bytes_ -= self->unsent_.front().size();
        self->unsent_.pop_front();
    }
}

Task<> Program::read(std::shared_ptr<Program> self) {
    std::string buffer;
    for (;;) {
        std::error_code error;
        const std::size_t count =
            co_await asio::async_read_until(self->out_, asio::dynamic_buffer(buffer, max_message_bytes), '\n',
                                            asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        self->take(trimmed(std::string_view(buffer).substr(0, count)));
        buffer.erase(0, count);
    }
    // Nobody will ever read what it says from now on.
    if (!self->finishing_) self->kill();
}

Task<> Program::log(std::shared_ptr<Program> self) {
    std::string buffer;
    bool is_rest = false;  // of a line whose beginning was too long already
    for (;;) {
        std::error_code error;
        std::size_t count =
            co_await asio::async_read_until(self->err_, asio::dynamic_buffer(buffer, max_line_bytes), '\n',
                                            asio::redirect_error(asio::use_awaitable, error));
        if (error) count = buffer.size();
        if (!is_rest) self->note(std::string_view(buffer).substr(0, count));
        is_rest = error == asio::error::not_found;
        if (error && !is_rest) co_return;
        buffer.erase(0, count);
    }
}

// What is secret is taken out before the line is cut: a part of it would not be found.
void Program::note(std::string_view line) const {
    if (is_blank(line)) return;
    spdlog::debug("tool server {}: {}", name_, one_line(redact(std::string(line)), max_log_characters));
}

void Program::take(std::string_view line) {
    if (line.empty()) return;
    try {
        for (Message& message : read_messages(line)) {
            if (!message.is_reply()) {
                on_message_(message);
            } else if (message.id.is_number_integer()) {
                const auto found = waiting_.find(message.id.get<std::int64_t>());
                if (found == waiting_.end()) continue;  // called off, or never asked for
                found->second->reply = std::move(message);
                found->second->timer.cancel();
            }
        }
    } catch (const BadMessage& error) {
        spdlog::debug("tool server {} wrote what is no message: {}", name_, redact(error.what()));
    }
}

}  // namespace hil::worker::mcp
