#include "tools/mcp/server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <map>
#include <optional>
#include <utility>

#include "config/secrets.hpp"
#include "core/text.hpp"
#include "elsewhere.hpp"
#include "tools/result_text.hpp"
#include "tools/tool_name.hpp"

namespace hil::worker::mcp {
namespace {

constexpr int max_pages = 100;
constexpr std::size_t max_tools = 1'000;
constexpr std::size_t max_error_characters = 500;
// Between two lists that a server asks for: some say with each list that it has changed.
constexpr std::chrono::seconds list_pause{5};
constexpr int max_replies = 10;  // to the server's own requests, on their way at once

// What a server refused.
class Refused : public std::runtime_error {
  public:
    explicit Refused(const RpcError& error)
        : std::runtime_error("error " + std::to_string(error.code) + ": " +
                             one_line(redact(error.message), max_error_characters)) {}
};

}  // namespace

std::shared_ptr<Server> Server::make(Threads& threads, ServerSettings settings,
                                     const MakeTransport& make_transport) {
    std::shared_ptr<Server> server(new Server(threads, std::move(settings)));
    server->transport_ =
        make_transport(server->strand_, [weak = std::weak_ptr(server)](const Message& message) {
            if (const auto self = weak.lock()) self->take(message);
        });
    return server;
}

Server::Server(Threads& threads, ServerSettings settings)
    : threads_(threads), strand_(threads.new_strand()), settings_(std::move(settings)) {}

Task<std::vector<ServerTool>> Server::tools() {
    const auto self = shared_from_this();
    Task<std::vector<ServerTool>> task = tools_here();
    co_return co_await elsewhere(strand_, std::move(task));
}

Task<ToolOutcome> Server::call(std::string tool, Json arguments, std::string idempotency_key) {
    const auto self = shared_from_this();
    Task<ToolOutcome> task = call_here(std::move(tool), std::move(arguments), std::move(idempotency_key));
    co_return co_await elsewhere(strand_, std::move(task));
}

Task<> Server::stop() {
    const auto self = shared_from_this();
    Task<> task = stop_here();
    co_await elsewhere(strand_, std::move(task));
}

Task<> Server::stop_here() {
    stopped_ = true;
    wake_all();
    beginning_.emit(asio::cancellation_type::terminal);
    while (state_ == State::starting) co_await wait_until(Time::max());
    co_await transport_->end();
}

Task<std::vector<ServerTool>> Server::tools_here() {
    std::optional<ToolServerDown> down;
    try {
        co_await be_ready();
    } catch (const ToolServerDown& error) {
        down = error;
    }
    if (down) throw ToolServerDown("tool server " + settings_.name + ": " + down->what());
    co_return tools_;
}

Task<ToolOutcome> Server::call_here(std::string tool, Json arguments, std::string idempotency_key) {
    std::string failure;
    try {
        co_await be_ready();
        const Json params = call_params(tool, arguments, idempotency_key);
        const Json reply = co_await call_tool(params);
        const CallResult result = read_call_result(reply);
        co_return ToolOutcome{result_text(result.text, settings_.max_result_bytes), result.is_error};
    } catch (const std::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        failure = error.what();
    } catch (const NoReply& error) {
        failure = error.what();
        if (error.started) failure += "; it is not known whether the call had an effect";
    } catch (const std::exception& error) {
        failure = error.what();
    }
    co_return ToolOutcome{
        result_text("tool server " + settings_.name + ": " + failure, settings_.max_result_bytes), true};
}

bool Server::has_list() const { return is_listed_ && is_greeted_ && transport_->is_running(); }

// Returns when the server is there and its list of tools is known. A list that is old is asked for again, and
// taken as it is where that gives none or has to wait.
Task<> Server::be_ready() {
    const Time deadline = std::chrono::steady_clock::now() + settings_.start_timeout;
    bool has_waited = false;
    for (;;) {
        if (stopped_) throw ToolServerDown("hil-worker is ending");
        if (state_ == State::ready && !transport_->is_running()) {
            state_ = State::off;
            last_error_ = "the server has ended";
        }
        const Time now = std::chrono::steady_clock::now();
        const bool must_list = list_is_old_ && !has_waited && now >= list_not_before_;
        if (state_ == State::ready && !must_list) co_return;
        if (now >= deadline && !stopped_ && has_list()) co_return;
        if (now >= deadline) throw ToolServerDown(last_error_.empty() ? "it is not ready yet" : last_error_);
        const bool may_begin = state_ != State::starting && now >= not_before_;
        if (may_begin) {
            state_ = State::starting;
            asio::co_spawn(strand_, begin(shared_from_this()),
                           asio::bind_cancellation_slot(beginning_.slot(), asio::detached));
        }
        has_waited = state_ == State::starting;
        co_await wait_until(state_ == State::starting ? deadline : std::min(deadline, not_before_));
    }
}

// Not part of a caller's coroutine: a caller that is cancelled does not end what others wait for.
Task<> Server::begin(std::shared_ptr<Server> self) {
    std::string failure;
    try {
        if (!self->is_greeted_ || !self->transport_->is_running()) co_await self->greet();
        co_await self->list();
    } catch (const SessionLost& error) {
        self->is_greeted_ = false;
        failure = error.what();
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (failure.empty()) {
        self->state_ = State::ready;
        self->last_error_.clear();
        self->backoff_.reset();
    } else {
        self->last_error_ = redact(failure);
        if (!self->stopped_) spdlog::warn("tool server {}: {}", self->settings_.name, self->last_error_);
        const Time later = std::chrono::steady_clock::now() + self->backoff_.next();
        // Others' calls may be in it.
        const bool stays = !self->stopped_ && self->has_list();
        if (stays) {
            self->list_is_old_ = true;
            self->list_not_before_ = later;
        } else if (!self->stopped_) {
            // A server that we do not get on with is left, and not kept until it is tried again. Who stops us
            // meanwhile waits for that.
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            co_await self->transport_->end();
        }
        if (!stays) {
            self->is_greeted_ = false;
            self->not_before_ = later;
        }
        self->state_ = stays ? State::ready : State::off;
    }
    self->wake_all();
}

// Servers that know both ways take the handshake, so whoever refuses it is of the newer kind.
Task<> Server::greet() {
    is_greeted_ = false;
    is_stateless_ = false;
    is_listed_ = false;
    co_await transport_->start();
    const Message reply =
        co_await transport_->ask(++last_id_, "initialize", initialize_params(), settings_.start_timeout);
    if (reply.error && !takes_stateless(*reply.error)) throw Refused(*reply.error);
    if (reply.error) {
        is_stateless_ = has_tools_ = true;
        transport_->agreed_on(stateless_version);
    } else {
        const Agreement agreement = read_initialize(reply.result);
        has_tools_ = agreement.has_tools;
        transport_->agreed_on(agreement.version);
        const std::string ready = notification_text("notifications/initialized", Json::object());
        co_await transport_->tell(ready);
    }
    is_greeted_ = true;
    ++greetings_;
}

Task<> Server::list() {
    list_is_old_ = false;
    std::vector<RemoteTool> found;
    Json params = Json::object();
    for (int page_number = 0; has_tools_ && page_number < max_pages && found.size() < max_tools;
         ++page_number) {
        const Json reply = co_await ask("tools/list", params, settings_.start_timeout);
        ToolPage page = read_tool_page(reply);
        for (RemoteTool& tool : page.tools) found.push_back(std::move(tool));
        if (!page.next) break;
        params = {{"cursor", *page.next}};
    }
    std::vector<ServerTool> usable;
    std::set<std::string> wire_names;
    for (const RemoteTool& tool : found) {
        const auto& wanted = settings_.tools;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), tool.name) == wanted.end()) continue;
        try {
            if (is_stateless_ && tool.wants_headers)
                throw SchemaError("", "it wants parameters in headers (x-mcp-header)");
            ToolParameters parameters(checkable(tool.schema));
            if (!wire_names.insert(wire_name(settings_.name + "." + tool.name)).second)
                throw SchemaError("", "another tool has the same name for models");
            usable.push_back({tool.name, tool.description, std::move(parameters)});
        } catch (const SchemaError& error) {
            spdlog::warn("tool server {}: {} is left out: {}", settings_.name, in_quotes(tool.name),
                         error.what());
        }
    }
    const bool is_new = !is_listed_ || usable.size() != tools_.size();
    spdlog::log(is_new ? spdlog::level::info : spdlog::level::debug, "tool server {}: {} tools",
                settings_.name, usable.size());
    if (is_listed_) list_not_before_ = std::chrono::steady_clock::now() + list_pause;
    is_listed_ = true;
    tools_ = std::move(usable);
}

// The result of a reply. Throws what the transport throws, and Refused.
Task<Json> Server::ask(std::string method, Json params, std::chrono::milliseconds timeout) {
    const Json sent = is_stateless_ ? stateless_params(params) : params;
    Message reply = co_await transport_->ask(++last_id_, method, sent, timeout);
    if (reply.error) throw Refused(*reply.error);
    co_return std::move(reply.result);
}

// A server that has forgotten us has not looked at the call: it can be repeated, once, after a new greeting.
Task<Json> Server::call_tool(Json params) {
    const int greeting = greetings_;
    try {
        co_return co_await ask("tools/call", params, settings_.timeout);
    } catch (const SessionLost&) {
        // Of all whose session it was, the first begins another one.
        if (greeting == greetings_ && state_ == State::ready) {
            state_ = State::off;
            is_greeted_ = false;
        }
    }
    co_await be_ready();
    co_return co_await ask("tools/call", params, settings_.timeout);
}

// Until then, or until somebody wakes all.
Task<> Server::wait_until(Time time) {
    asio::steady_timer timer(threads_.io(), time);
    struct Listed {
        std::set<asio::steady_timer*>& waiters;
        asio::steady_timer* timer;
        ~Listed() { waiters.erase(timer); }
    };
    waiters_.insert(&timer);
    const Listed listed{waiters_, &timer};
    std::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Server::wake_all() {
    for (asio::steady_timer* timer : waiters_) timer->cancel();
}

void Server::take(const Message& message) {
    if (message.method == "notifications/tools/list_changed") list_is_old_ = true;
    if (!message.is_request() || replies_ == max_replies) return;
    ++replies_;
    auto told = [self = shared_from_this()](const std::exception_ptr&) { --self->replies_; };
    asio::co_spawn(strand_, say(shared_from_this(), reply_to(message)), std::move(told));
}

Task<> Server::say(std::shared_ptr<Server> self, std::string text) {
    co_await self->transport_->tell(std::move(text));
}

}  // namespace hil::worker::mcp
