#include "llm/failure.hpp"

#include <algorithm>
#include <array>

#include "config/secrets.hpp"
#include "core/json_depth.hpp"
#include "core/text.hpp"
#include "http/retry_after.hpp"

namespace hil::worker {
namespace {

using Kind = ProviderError::Kind;

constexpr std::size_t max_quoted_characters = 300;
constexpr std::size_t max_read_bytes = 64 << 10;

std::string text_at(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// What both APIs say about an error, in their own words.
struct Told {
    std::string code, type, message, limit;
};

Told read(const HttpReply& reply) {
    Json body;
    if (reply.body.size() <= max_read_bytes &&
        json_depth(reply.body) <= static_cast<std::size_t>(max_json_depth))
        body = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
    if (!body.is_object() || !body.contains("error")) return {"", "", reply.body, ""};
    const Json& error = body["error"];
    if (error.is_string()) return {"", "", error.get<std::string>(), ""};
    const Json details = error.is_object() ? error.value("details", Json()) : Json();
    return {text_at(error, "code"), text_at(error, "type"), text_at(error, "message"),
            text_at(details, "error_code")};
}

bool is_money(long status, const Told& told) {
    static constexpr std::array codes = {"insufficient_quota",
                                         "credit_balance_exhausted",
                                         "organization_spend_limit_exceeded",
                                         "project_spend_limit_exceeded",
                                         "organization_usage_limit_exceeded",
                                         "billing_hard_limit_reached",
                                         "billing_error"};
    const auto is = [&](const char* code) { return told.code == code || told.type == code; };
    if (status == 402 || std::any_of(codes.begin(), codes.end(), is)) return true;
    if (status == 429) return told.limit == "enforced_spend_limit_reached";
    return status == 400 &&
           (lower_case(told.message).find("credit balance is too low") != std::string::npos ||
            told.message.starts_with("You have reached your specified"));
}

Kind kind_of(long status) {
    if (status == 409 || status == 429) return Kind::rate;
    return status == 408 || status >= 500 ? Kind::overloaded : Kind::request;
}

std::string words(const std::string& provider, const HttpReply& reply, const Told& told) {
    std::string text = provider + ": " + std::to_string(reply.status);
    if (reply.status >= 300 && reply.status < 400) return text + ": redirects are not followed";
    if (const std::string& name = told.code.empty() ? told.type : told.code; !name.empty())
        text += " " + one_line(name, 100);
    if (!is_blank(told.message)) text += ": " + one_line(redact(told.message), max_quoted_characters);
    if (reply.status == 400 && told.message.find("tool_choice") != std::string::npos)
        text += " (set structured_output: json_schema for this profile)";
    return redact(text);
}

}  // namespace

ProviderError failure_of(const std::string& provider, const HttpReply& reply) {
    const Told told = read(reply);
    if (is_money(reply.status, told))
        return {Kind::money, provider + ": the account has no credit or has reached its limit", false};
    const Kind kind = kind_of(reply.status);
    const bool retryable = kind != Kind::request;
    ProviderError error(
        kind, words(provider, reply, told), retryable,
        retryable ? retry_after(reply.header("retry-after-ms"), reply.header("retry-after")) : std::nullopt);
    error.not_at_once = reply.header("x-should-retry") == "false";
    return error;
}

ProviderError failure_of(const std::string& provider, const HttpError& error) {
    const std::string what = redact(error.what());
    if (error.kind == HttpError::Kind::too_large)
        return {Kind::reply, provider + ": the reply could not be read: " + what, true};
    if (!error.retryable()) return {Kind::request, provider + ": " + what, false};
    ProviderError failure(Kind::network, provider + ": no answer: " + what, true);
    failure.timed_out = error.kind == HttpError::Kind::first_byte || error.kind == HttpError::Kind::total;
    return failure;
}

bool is_filtered(const HttpReply& reply) {
    return reply.status == 400 && read(reply).code == "content_filter";
}

}  // namespace hil::worker
