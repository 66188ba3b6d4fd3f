#include "llm/http_provider.hpp"

#include <utility>

#include "core/refusal.hpp"
#include "llm/failure.hpp"
#include "llm/prices.hpp"

namespace hil::worker {

Task<Reply> HttpProvider::ask(const Question& question) {
    HttpRequest request = request_of(question);
    HttpReply reply;
    try {
        reply = co_await client_.send(std::move(request));
    } catch (const HttpError& error) {
        throw failure_of(settings_.name, error);
    }
    co_return reply_of(question, reply);
}

HttpRequest HttpProvider::request_of(const Question& question) const {
    HttpRequest request;
    request.url = settings_.url;
    request.body = api_->body(question);
    request.headers = api_->headers(settings_.key);
    request.headers.insert(request.headers.end(), settings_.headers.begin(), settings_.headers.end());
    request.timeouts = settings_.timeouts;
    request.addresses = settings_.addresses;
    return request;
}

Reply HttpProvider::reply_of(const Question& question, const HttpReply& received) const {
    if (is_filtered(received)) {
        Reply reply;
        reply.finish = Finish::filtered;
        reply.detail = "the question was filtered";
        return reply;
    }
    if (received.status != 200) throw failure_of(settings_.name, received);
    try {
        Reply reply = api_->reply(parse_json(received.body, "it"));
        if (question.profile->prices) reply.usage.cost_usd = cost_of(reply.usage, *question.profile->prices);
        return reply;
    } catch (const Refusal& error) {
        throw ProviderError(ProviderError::Kind::reply,
                            settings_.name + ": the reply could not be read: " + error.what(), true);
    } catch (const UnreadableReply& error) {
        throw ProviderError(ProviderError::Kind::reply,
                            settings_.name + ": the reply could not be read: " + error.what(), true);
    }
}

}  // namespace hil::worker
