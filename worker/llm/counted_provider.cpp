#include "llm/counted_provider.hpp"

#include <chrono>
#include <utility>

#include "watch/metrics.hpp"

namespace hil::worker {
namespace {

using Kind = ProviderError::Kind;

const char* name_of(Finish finish) {
    switch (finish) {
        case Finish::answered:
            return "answered";
        case Finish::called:
            return "called";
        case Finish::truncated:
            return "truncated";
        case Finish::refused:
            return "refused";
        case Finish::filtered:
            return "filtered";
    }
    return "unknown";
}

// Counts a request when it is over, however that comes about.
struct Counted {
    Metrics& metrics;
    const std::string& provider;
    const std::string& model;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    const char* outcome = "given_up";
    Metrics::Tokens tokens{};

    Counted(Metrics& metrics, const std::string& provider, const std::string& model)
        : metrics(metrics), provider(provider), model(model) {
        metrics.requests(provider, 1);
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() {
        metrics.requests(provider, -1);
        metrics.model_asked({provider, model}, outcome, std::chrono::steady_clock::now() - start, tokens);
    }
};

}  // namespace

const std::string& name_of(const ModelProfile& profile) {
    return profile.model.empty() ? profile.provider : profile.model;
}

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::network:
            return "network";
        case Kind::rate:
            return "rate_limited";
        case Kind::overloaded:
            return "overloaded";
        case Kind::money:
            return "no_credit";
        case Kind::request:
            return "bad_request";
        case Kind::reply:
            return "unreadable";
        case Kind::cut_off:
            return "cut_off";
        case Kind::no_place:
            return "no_place";
    }
    return "unknown";
}

Task<Reply> CountedProvider::ask(const Question& question) {
    Counted counted(metrics_, name_, name_of(*question.profile));
    try {
        Reply reply = co_await inner_->ask(question);
        counted.outcome = name_of(reply.finish);
        counted.tokens = {reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost_usd};
        co_return reply;
    } catch (const ProviderError& error) {
        counted.outcome = name_of(error.kind);
        throw;
    }
}

}  // namespace hil::worker
