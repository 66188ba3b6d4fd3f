// What the refusals of providers mean, and what is told about them.
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/secrets.hpp"
#include "llm/failure.hpp"

namespace hil::worker {
namespace {

using Kind = ProviderError::Kind;

HttpReply reply(long status, const std::string& body, const Headers& headers = {}) {
    HttpReply reply;
    reply.status = status;
    reply.body = body;
    reply.headers = headers;
    return reply;
}

std::string error(const std::string& code, const std::string& type, const std::string& message) {
    return Json{{"error", {{"code", code}, {"type", type}, {"message", message}}}}.dump();
}

TEST(LlmFailure, WhatMaySucceedLaterIsRetryable) {
    const std::map<long, Kind> kinds = {
        {408, Kind::overloaded}, {409, Kind::rate},       {429, Kind::rate},       {500, Kind::overloaded},
        {502, Kind::overloaded}, {503, Kind::overloaded}, {504, Kind::overloaded}, {529, Kind::overloaded}};
    for (const auto& [status, kind] : kinds) {
        const ProviderError failure = failure_of("p", reply(status, "", {{"Retry-After", "2"}}));
        EXPECT_EQ(failure.kind, kind) << status;
        EXPECT_TRUE(failure.retryable) << status;
        EXPECT_EQ(failure.retry_after, std::chrono::milliseconds(2000)) << status;
        EXPECT_FALSE(failure.not_at_once);
    }
    EXPECT_TRUE(failure_of("p", reply(503, "", {{"X-Should-Retry", "false"}})).not_at_once);
}

TEST(LlmFailure, WhatIsWrongStaysWrong) {
    for (long status : {301, 302, 400, 401, 403, 404, 405, 413, 422}) {
        const ProviderError failure = failure_of("p", reply(status, "", {{"Retry-After", "2"}}));
        EXPECT_EQ(failure.kind, Kind::request) << status;
        EXPECT_FALSE(failure.retryable) << status;
        EXPECT_EQ(failure.retry_after, std::nullopt) << status;
    }
}

TEST(LlmFailure, MoneyIsNoRateLimit) {
    for (const HttpReply& refusal :
         {reply(402, ""),
          reply(429, error("insufficient_quota", "insufficient_quota", "You exceeded your quota")),
          reply(429, error("", "insufficient_quota", "")),
          reply(429, error("credit_balance_exhausted", "", "")),
          reply(429, error("project_spend_limit_exceeded", "", "")),
          reply(400, R"({"type": "error", "error": {"type": "invalid_request_error",
                         "message": "Your credit balance is too low to access the API"}})"),
          reply(400, R"({"error": {"message": "You have reached your specified API usage limits."}})"),
          reply(429, R"({"error": {"type": "rate_limit_error",
                         "details": {"error_code": "enforced_spend_limit_reached"}}})")}) {
        const ProviderError failure = failure_of("openai", refusal);
        EXPECT_EQ(failure.kind, Kind::money) << refusal.body;
        EXPECT_FALSE(failure.retryable) << refusal.body;
        EXPECT_STREQ(failure.what(), "openai: the account has no credit or has reached its limit");
    }
    EXPECT_EQ(failure_of("p", reply(429, error("rate_limit_exceeded", "requests", ""))).kind, Kind::rate);
    EXPECT_EQ(failure_of("p", reply(400, error("", "", "credit is fine"))).kind, Kind::request);
}

TEST(LlmFailure, QuotesTheServerInShortAndWithoutSecrets) {
    setenv("HIL_TEST_KEY", "very-secret-value", 1);
    secret("HIL_TEST_KEY");
    EXPECT_STREQ(failure_of("claude", reply(529, error("", "overloaded_error", "Overloaded"))).what(),
                 "claude: 529 overloaded_error: Overloaded");
    EXPECT_STREQ(
        failure_of("p", reply(401, error("invalid_api_key", "x", "Wrong key: very-secret-value\n!"))).what(),
        "p: 401 invalid_api_key: Wrong key: [hidden] !");
    EXPECT_STREQ(failure_of("p", reply(404, "<html>not here</html>")).what(),
                 "p: 404: <html>not here</html>");
    EXPECT_STREQ(failure_of("p", reply(404, R"({"error": "model 'x' not found"})")).what(),
                 "p: 404: model 'x' not found");
    EXPECT_STREQ(failure_of("p", reply(302, "moved")).what(), "p: 302: redirects are not followed");
    EXPECT_LT(std::string(failure_of("p", reply(500, std::string(5000, 'x'))).what()).size(), 330U);
    EXPECT_STREQ(failure_of("p", reply(500, std::string(100'000, '['))).what(),
                 ("p: 500: " + std::string(299, '[') + "…").c_str());
    EXPECT_STREQ(failure_of("p", reply(400, error("", "", "tool_choice forces tool use"))).what(),
                 "p: 400: tool_choice forces tool use (set structured_output: json_schema for this profile)");
}

TEST(LlmFailure, KnowsWhatHappenedOnTheWay) {
    using Http = HttpError::Kind;
    for (Http kind : {Http::resolve, Http::connect, Http::first_byte, Http::total, Http::cut}) {
        const ProviderError failure = failure_of("p", HttpError(kind, "connection refused"));
        EXPECT_EQ(failure.kind, Kind::network);
        EXPECT_TRUE(failure.retryable);
        EXPECT_STREQ(failure.what(), "p: no answer: connection refused");
        EXPECT_EQ(failure.timed_out, kind == Http::first_byte || kind == Http::total);
    }
    for (Http kind : {Http::address_refused, Http::tls, Http::bad_url}) {
        const ProviderError failure = failure_of("p", HttpError(kind, "address 10.0.0.5 is not allowed"));
        EXPECT_EQ(failure.kind, Kind::request);
        EXPECT_FALSE(failure.retryable);
        EXPECT_STREQ(failure.what(), "p: address 10.0.0.5 is not allowed");
    }
    EXPECT_EQ(failure_of("p", HttpError(Http::too_large, "")).kind, Kind::reply);
}

TEST(LlmFailure, KnowsAFilteredQuestion) {
    EXPECT_TRUE(is_filtered(reply(400, error("content_filter", "", ""))));
    EXPECT_FALSE(is_filtered(reply(400, error("", "", "content_filter"))));
    EXPECT_FALSE(is_filtered(reply(500, error("content_filter", "", ""))));
}

}  // namespace
}  // namespace hil::worker
