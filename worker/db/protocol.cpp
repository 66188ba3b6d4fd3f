#include "db/protocol.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/text.hpp"

namespace hil::worker {
namespace {

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string seconds(std::chrono::milliseconds duration) {
    return std::to_string(std::chrono::duration<double>(duration).count());
}

// Text that a model wrote may hold broken UTF-8, which jsonb refuses: it is replaced.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Receipt receipt(const Result& result) {
    const Json answer = Json::parse(result.text(0, 0));
    return {answer.value("accepted", true), answer.value("reason", "")};
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

std::string retry_seconds(std::chrono::milliseconds retry_after) {
    return seconds(
        std::clamp<std::chrono::milliseconds>(retry_after, std::chrono::seconds(0), std::chrono::hours(24)));
}

Connection& Session::connection() {
    if (!connection_) {
        Connection fresh(url_, interrupt_fd_);
        if (listen_) fresh.execute("LISTEN hil_runs");
        connection_ = std::move(fresh);
    }
    return *connection_;
}

Result Session::execute(const char* sql, std::initializer_list<Parameter> parameters) {
    try {
        return connection().execute(sql, parameters);
    } catch (const DatabaseError& error) {
        if (error.connection_lost()) connection_.reset();
        throw;
    }
}

bool Session::wait(std::chrono::milliseconds timeout, int wake_fd) {
    try {
        return connection().wait(timeout, wake_fd);
    } catch (const DatabaseError&) {
        connection_.reset();
        throw;
    }
}

Json Session::workflow_definition(const std::string& name, int revision) {
    return Json::parse(
        execute("SELECT hil_workflow_definition($1::text, $2::int)", {name, std::to_string(revision)})
            .text(0, 0));
}

Json Session::record_step(const Claim& claim, const std::string& node, const Json& output,
                          const Json& usage) {
    const Result result = execute(
        "SELECT hil_record_step($1::bigint, $2::int, $3::text, $4::jsonb, $5::jsonb)",
        {std::to_string(claim.run_id), std::to_string(claim.attempt), node, text_of(output), text_of(usage)});
    return Json::parse(result.text(0, 0));
}

Receipt Session::complete_run(const Claim& claim, const Json& result) {
    return receipt(execute("SELECT hil_complete_run($1::bigint, $2::int, $3::jsonb)",
                           {std::to_string(claim.run_id), std::to_string(claim.attempt), text_of(result)}));
}

Receipt Session::fail_run(const Claim& claim, const std::string& error, bool retryable,
                          std::optional<std::chrono::milliseconds> retry_after) {
    const Parameter after = retry_after ? Parameter(retry_seconds(*retry_after)) : std::nullopt;
    return receipt(execute(
        "SELECT hil_fail_run($1::bigint, $2::int, $3::text, $4::boolean, make_interval(secs => $5::float8))",
        {std::to_string(claim.run_id), std::to_string(claim.attempt), error_text(error),
         retryable ? "true" : "false", after}));
}

std::vector<Claim> Session::claim_runs(const std::string& worker, std::size_t max_runs,
                                       std::chrono::milliseconds lease) {
    const Result result = execute(
        "SELECT run_id, attempt, conversation_id, workflow, revision, input"
        " FROM hil_claim_runs($1::text, $2::int, make_interval(secs => $3::float8))",
        {worker, std::to_string(max_runs), seconds(lease)});
    std::vector<Claim> claims;
    claims.reserve(static_cast<std::size_t>(result.rows()));
    for (int row = 0; row < result.rows(); ++row) {
        claims.push_back({.run_id = number<std::int64_t>(result.text(row, 0)),
                          .attempt = number<int>(result.text(row, 1)),
                          .conversation_id = std::string(result.text(row, 2)),
                          .workflow = std::string(result.text(row, 3)),
                          .revision = number<int>(result.text(row, 4)),
                          .input = Json::parse(result.text(row, 5))});
    }
    return claims;
}

std::vector<std::int64_t> Session::renew_runs(const std::string& worker,
                                              const std::vector<std::int64_t>& run_ids,
                                              std::chrono::milliseconds lease) {
    std::string ids = "{";
    for (std::int64_t id : run_ids) ids += (ids.size() > 1 ? "," : "") + std::to_string(id);
    ids += "}";
    const Result result =
        execute("SELECT unnest(hil_renew_runs($1::text, $2::bigint[], make_interval(secs => $3::float8)))",
                {worker, ids, seconds(lease)});
    std::vector<std::int64_t> held;
    held.reserve(static_cast<std::size_t>(result.rows()));
    for (int row = 0; row < result.rows(); ++row) held.push_back(number<std::int64_t>(result.text(row, 0)));
    return held;
}

void Session::tick() { execute("SELECT hil_tick()", {}); }

int Session::load_workflow(const Json& definition, const std::string& source) {
    return number<int>(
        execute("SELECT hil_load_workflow($1::jsonb, $2::text)", {text_of(definition), source}).text(0, 0));
}

}  // namespace hil::worker
