#include "db/protocol.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.hpp"

namespace hil::worker {
namespace {

// Claims and ticks take moments. A server that is gone shows by their silence only, and no work is found
// until then.
constexpr std::chrono::milliseconds round_limit{20'000};

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string seconds(std::chrono::milliseconds duration) {
    return std::to_string(std::chrono::duration<double>(duration).count());
}

}  // namespace

std::string error_text(std::string_view error) {
    constexpr std::string_view replacement = "\uFFFD", cut_mark = "…";
    std::string text;
    for (std::size_t at = 0; at < error.size();) {
        const Character character = character_at(error, at);
        const bool refused = character.code == invalid_character || character.code == 0;
        const std::string_view next = refused ? replacement : error.substr(at, character.bytes);
        if (text.size() + next.size() + cut_mark.size() > max_error_bytes) return text.append(cut_mark);
        text += next;
        at += character.bytes;
    }
    return text;
}

double retry_seconds(std::chrono::milliseconds retry_after) {
    const auto within_a_day =
        std::clamp<std::chrono::milliseconds>(retry_after, std::chrono::seconds(0), std::chrono::hours(24));
    return std::chrono::duration<double>(within_a_day).count();
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Task<std::vector<RawClaim>> claim_runs(AsyncConnection& connection, std::string worker, std::size_t max_runs,
                                       std::chrono::milliseconds lease) {
    std::vector<Parameter> parameters = {std::move(worker), std::to_string(max_runs), seconds(lease)};
    const Result result = co_await connection.execute(
        "SELECT run_id, attempt, conversation_id, workflow, revision, input"
        " FROM hil_claim_runs($1::text, $2::int, make_interval(secs => $3::float8))",
        std::move(parameters), round_limit);
    std::vector<RawClaim> claims;
    claims.reserve(static_cast<std::size_t>(result.rows()));
    for (int row = 0; row < result.rows(); ++row) {
        RawClaim& raw = claims.emplace_back();
        raw.claim.run_id = number<std::int64_t>(result.text(row, 0));
        raw.claim.attempt = number<int>(result.text(row, 1));
        raw.claim.conversation_id = result.text(row, 2);
        raw.claim.workflow = result.text(row, 3);
        raw.claim.revision = number<int>(result.text(row, 4));
        raw.input = result.text(row, 5);
    }
    co_return claims;
}

Task<std::vector<std::int64_t>> renew_runs(AsyncConnection& connection, std::string worker,
                                           std::vector<std::int64_t> run_ids, std::chrono::milliseconds lease,
                                           std::chrono::milliseconds limit) {
    std::string ids = "{";
    for (const std::int64_t id : run_ids) ids += (ids.size() > 1 ? "," : "") + std::to_string(id);
    ids += "}";
    std::vector<Parameter> parameters = {std::move(worker), std::move(ids), seconds(lease)};
    const Result result = co_await connection.execute(
        "SELECT unnest(hil_renew_runs($1::text, $2::bigint[], make_interval(secs => $3::float8)))",
        std::move(parameters), limit);
    std::vector<std::int64_t> held;
    held.reserve(static_cast<std::size_t>(result.rows()));
    for (int row = 0; row < result.rows(); ++row) held.push_back(number<std::int64_t>(result.text(row, 0)));
    co_return held;
}

Task<> tick(AsyncConnection& connection) {
    co_await connection.execute("SELECT hil_tick()", {}, round_limit);
}

Task<std::string> workflow_definition(AsyncConnection& connection, std::string name, int revision) {
    std::vector<Parameter> parameters = {std::move(name), std::to_string(revision)};
    const Result result = co_await connection.execute("SELECT hil_workflow_definition($1::text, $2::int)",
                                                      std::move(parameters));
    co_return std::string(result.text(0, 0));
}

int load_workflow(Connection& connection, const Json& definition, const std::string& source) {
    return number<int>(
        connection.execute("SELECT hil_load_workflow($1::jsonb, $2::text)", {text_of(definition), source})
            .text(0, 0));
}

}  // namespace hil::worker
