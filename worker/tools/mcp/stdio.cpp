#include "tools/mcp/stdio.hpp"

#include <asio/error.hpp>
#include <asio/this_coro.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "core/text.hpp"
#include "tools/mcp/messages.hpp"
#include "tools/mcp/program.hpp"

namespace hil::worker::mcp {

Stdio::Stdio(asio::io_context& io, asio::any_io_executor strand, std::string name,
             std::vector<std::string> command, std::vector<std::string> variables, OnMessage on_message)
    : io_(io),
      strand_(std::move(strand)),
      name_(std::move(name)),
      command_(std::move(command)),
      variables_(std::move(variables)),
      on_message_(std::move(on_message)) {}

bool Stdio::is_running() const { return running_ && running_->is_alive(); }

Task<> Stdio::start() {
    if (running_) running_->kill();
    try {
        running_ = std::make_shared<Program>(io_, strand_, name_, command_, environment_for(variables_),
                                             on_message_);
    } catch (const std::system_error& error) {
        throw NoReply(std::string("cannot be started: ") + error.what(), /*started=*/false);
    }
    running_->begin();
    co_return;
}

Task<> Stdio::end() {
    const std::shared_ptr<Program> program = std::exchange(running_, nullptr);
    if (program) co_await program->finish();
}

Task<> Stdio::tell(std::string text) {
    if (running_) running_->send(std::move(text));
    co_return;
}

Task<Message> Stdio::ask(std::int64_t id, std::string method, Json params,
                         std::chrono::milliseconds timeout) {
    const std::shared_ptr<Program> program = running_;
    if (!program) throw NoReply("the server has not been started", /*started=*/false);
    program->send(request_text(id, method, params));
    std::optional<Message> reply = co_await program->reply_to(id, timeout);
    if (reply) co_return std::move(*reply);
    if (!program->is_alive()) throw NoReply("the server has ended", /*started=*/true);
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    const bool cancelled = state.cancelled() != asio::cancellation_type::none;
    if (may_be_called_off(method)) program->send(called_off_text(id, cancelled ? "cancelled" : "timeout"));
    if (cancelled) throw std::system_error(asio::error::operation_aborted);
    throw NoReply("no answer within " + number_text(std::chrono::duration<double>(timeout).count()) + " s",
                  /*started=*/true);
}

}  // namespace hil::worker::mcp
