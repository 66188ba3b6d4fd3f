#include "tools/mcp/stdio.hpp"

#include <spdlog/spdlog.h>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstdlib>
#include <deque>
#include <future>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/secrets.hpp"
#include "core/text.hpp"
#include "tools/mcp/child.hpp"

namespace hil::worker::mcp {
namespace {

constexpr std::size_t max_waiting_bytes = 16 << 20;  // that the program has not read yet
constexpr std::size_t max_log_characters = 1'000;
constexpr std::string_view hidden_mark = "[hidden]";

// The request that waits for a reply. The timer ends early when there is one.
struct Waiting {
    asio::steady_timer timer;
    std::optional<Message> reply;
};

}  // namespace

// A program and its pipes, as long as anything reads from them.
class Stdio::Running : public std::enable_shared_from_this<Running> {
  public:
    explicit Running(const Stdio& owner)
        : child_(std::make_unique<Child>(owner.command_, environment_for(owner.variables_))),
          name_(owner.name_),
          variables_(owner.variables_),
          strand_(owner.strand_),
          on_message_(owner.on_message_),
          in_(owner.io_, child_->take_input()),
          out_(owner.io_, child_->take_output()),
          err_(owner.io_, child_->take_error()) {}

    void begin() {
        asio::co_spawn(strand_, read(shared_from_this()), asio::detached);
        asio::co_spawn(strand_, log(shared_from_this()), asio::detached);
    }

    bool is_alive() const { return alive_; }

    void send(std::string text) {
        if (!alive_) throw NoReply("the server has ended", /*started=*/false);
        waiting_bytes_ += text.size() + 1;
        unsent_.push_back(std::move(text) + "\n");
        if (waiting_bytes_ > max_waiting_bytes) return end();
        if (unsent_.size() == 1) asio::co_spawn(strand_, write(shared_from_this()), asio::detached);
    }

    // Gives the program up; who waits for it is told.
    void end() {
        if (!std::exchange(alive_, false)) return;
        std::error_code ignored;
        in_.close(ignored);
        out_.close(ignored);
        err_.close(ignored);
        for (const auto& [id, waiting] : waiting_) waiting->timer.cancel();
    }

    void kill() {
        end();
        if (child_) child_->kill();
    }

    std::unique_ptr<Child> take_child() {
        end();
        return std::move(child_);
    }

    std::map<std::int64_t, Waiting*> waiting_;

  private:
    static Task<> write(std::shared_ptr<Running> self) {
        while (!self->unsent_.empty() && self->alive_) {
            std::error_code error;
            const asio::const_buffer line = asio::buffer(self->unsent_.front());
            co_await asio::async_write(self->in_, line, asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return self->end();
            self->waiting_bytes_ -= self->unsent_.front().size();
            self->unsent_.pop_front();
        }
    }

    static Task<> read(std::shared_ptr<Running> self) {
        std::string buffer;
        for (;;) {
            std::error_code error;
            const std::size_t count =
                co_await asio::async_read_until(self->out_, asio::dynamic_buffer(buffer, max_message_bytes),
                                                '\n', asio::redirect_error(asio::use_awaitable, error));
            if (error) break;
            self->take(trimmed(std::string_view(buffer).substr(0, count)));
            buffer.erase(0, count);
        }
        // Nobody will ever read what it says from now on.
        self->kill();
    }

    static Task<> log(std::shared_ptr<Running> self) {
        std::string buffer;
        for (;;) {
            std::error_code error;
            std::size_t count =
                co_await asio::async_read_until(self->err_, asio::dynamic_buffer(buffer, max_log_characters),
                                                '\n', asio::redirect_error(asio::use_awaitable, error));
            // A longer line is logged in pieces.
            if (error == asio::error::not_found)
                count = buffer.size();
            else if (error)
                co_return;
            spdlog::debug("tool server {}: {}", self->name_,
                          one_line(self->hidden(buffer.substr(0, count)), max_log_characters));
            buffer.erase(0, count);
        }
    }

    // The line without what the program alone was told.
    std::string hidden(std::string line) const {
        for (const std::string& name : variables_) {
            const char* value = std::getenv(name.c_str());
            const std::string_view secret = value == nullptr ? "" : value;
            if (secret.empty()) continue;
            for (std::size_t at = line.find(secret); at != std::string::npos;
                 at = line.find(secret, at + hidden_mark.size()))
                line.replace(at, secret.size(), hidden_mark);
        }
        return redact(std::move(line));
    }

    void take(std::string_view line) {
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
            spdlog::debug("tool server {} wrote what is no message: {}", name_, error.what());
        }
    }

    std::unique_ptr<Child> child_;
    // Copies: what has begun may come to its end after the owner.
    const std::string name_;
    const std::vector<std::string> variables_;
    const asio::any_io_executor strand_;
    const OnMessage on_message_;
    asio::posix::stream_descriptor in_, out_, err_;
    std::deque<std::string> unsent_;
    std::size_t waiting_bytes_ = 0;
    bool alive_ = true;
};

Stdio::Stdio(asio::io_context& io, asio::any_io_executor strand, std::string name,
             std::vector<std::string> command, std::vector<std::string> variables, OnMessage on_message)
    : io_(io),
      strand_(std::move(strand)),
      name_(std::move(name)),
      command_(std::move(command)),
      variables_(std::move(variables)),
      on_message_(std::move(on_message)) {}

// The strand may still be at work for the server, so the program is taken from it there, and waited for here.
void Stdio::close() {
    std::promise<std::unique_ptr<Child>> promise;
    std::future<std::unique_ptr<Child>> child = promise.get_future();
    asio::post(strand_, [this, &promise] {
        closed_ = true;
        promise.set_value(running_ ? running_->take_child() : nullptr);
    });
    child.get();
}

bool Stdio::is_running() const { return running_ && running_->is_alive(); }

Task<> Stdio::start() {
    if (closed_) throw NoReply("hil-worker is ending", /*started=*/false);
    if (running_) running_->kill();
    try {
        running_ = std::make_shared<Running>(*this);
    } catch (const std::system_error& error) {
        throw NoReply(std::string("cannot be started: ") + error.what(), /*started=*/false);
    }
    running_->begin();
    co_return;
}

Task<> Stdio::tell(std::string text) {
    if (running_) running_->send(std::move(text));
    co_return;
}

Task<Message> Stdio::ask(std::int64_t id, std::string method, Json params,
                         std::chrono::milliseconds timeout) {
    const std::shared_ptr<Running> running = running_;
    if (!running) throw NoReply("the server has not been started", /*started=*/false);
    Waiting waiting{asio::steady_timer(io_, timeout), std::nullopt};
    running->send(request_text(id, method, params));
    struct Listed {
        Running& running;
        std::int64_t id;
        ~Listed() { running.waiting_.erase(id); }
    };
    running->waiting_[id] = &waiting;
    const Listed listed{*running, id};
    std::error_code error;
    co_await waiting.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (waiting.reply) co_return std::move(*waiting.reply);
    if (!running->is_alive()) throw NoReply("the server has ended", /*started=*/true);
    const bool cancelled = error == asio::error::operation_aborted;
    running->send(notification_text("notifications/cancelled",
                                    {{"requestId", id}, {"reason", cancelled ? "cancelled" : "timeout"}}));
    if (cancelled) throw std::system_error(error);
    throw NoReply("no answer within " + number_text(std::chrono::duration<double>(timeout).count()) + " s",
                  /*started=*/true);
}

}  // namespace hil::worker::mcp
