#include "tools/http_tool.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "backoff.hpp"
#include "core/text.hpp"
#include "http/retry_after.hpp"
#include "tools/result_text.hpp"

namespace hil::worker {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds connect_timeout{5'000}, first_delay{500}, longest_delay{10'000};

bool may_answer_later(long status) { return status == 408 || status == 429 || status >= 500; }

// What one try gave, and when the next makes sense, if it does.
struct Try {
    ToolOutcome outcome;
    bool worth_repeating = false;
    bool may_be_at_it = false;  // 409: the key is in use
    milliseconds not_before{0};
};

Try judged(const HttpReply& reply, std::size_t max_bytes) {
    if (reply.status / 100 == 2) {
        const std::string text = is_blank(reply.body) ? "HTTP " + std::to_string(reply.status) : reply.body;
        return {{result_text(text, max_bytes), false}, false, false, {}};
    }
    const std::string text = "HTTP " + std::to_string(reply.status) + ": " + reply.body;
    const auto wait = retry_after(reply.header("retry-after-ms"), reply.header("retry-after"));
    return {{result_text(text, max_bytes), true},
            may_answer_later(reply.status),
            reply.status == 409,
            wait.value_or(milliseconds(0))};
}

Try judged(const HttpError& error) {
    return {{std::string("no answer: ") + error.what(), true}, error.retryable(), false, {}};
}

}  // namespace

HttpTool::HttpTool(HttpToolConfig config, Threads& threads, HttpClient& client)
    : config_(std::move(config)),
      template_(config_.url, config_.query),
      parameters_(config_.parameters),
      threads_(threads),
      client_(client) {}

Task<ToolOutcome> HttpTool::call(const Json& arguments, const CallContext& context) {
    std::optional<HttpRequest> made;
    std::string mistake;
    try {
        made = request(arguments, context);
    } catch (const BadArgument& error) {
        mistake = std::string("arguments: ") + error.what();
    }
    if (!made) co_return ToolOutcome{mistake, true};
    co_return co_await exchange(std::move(*made), context.again);
}

HttpRequest HttpTool::request(const Json& arguments, const CallContext& context) const {
    const Json given = parameters_.with_key(arguments, context.idempotency_key);
    HttpRequest request;
    request.method = config_.method;
    request.url = url_of(template_, given);
    for (const auto& [name, value] : config_.headers) request.headers.emplace_back(name, value);
    request.headers.emplace_back(config_.idempotency_header, context.idempotency_key);
    if (config_.sends_body) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = rest_of(template_, given).dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    request.addresses = config_.addresses;
    return request;
}

Task<ToolOutcome> HttpTool::exchange(HttpRequest request, bool again) {
    const auto deadline = Clock::now() + config_.timeout;
    const auto max_bytes = static_cast<std::size_t>(config_.max_result_bytes);
    Backoff backoff(first_delay, longest_delay);
    for (int retries_left = config_.retries;;) {
        const auto left = std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(1));
        request.timeouts = {std::min(connect_timeout, left), left, left};
        Try tried;
        try {
            const HttpReply reply = co_await client_.send(request);
            tried = judged(reply, max_bytes);
        } catch (const HttpError& error) {
            tried = judged(error);
        }
        const milliseconds delay = std::max(tried.not_before, backoff.next());
        const bool waits_for_earlier = again && tried.may_be_at_it;
        const bool may_repeat = waits_for_earlier || (tried.worth_repeating && retries_left-- > 0);
        if (!may_repeat || Clock::now() + delay >= deadline) {
            if (waits_for_earlier) tried.outcome.text += "\n[it is not known whether the call had an effect]";
            co_return tried.outcome;
        }
        asio::steady_timer timer(threads_.io(), delay);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace hil::worker
