#include "db/libpq.hpp"

#include <array>
#include <new>
#include <string_view>
#include <thread>
#include <utility>

#include "db/remedy.hpp"

namespace hil::worker {
namespace {

constexpr std::string_view class_of(std::string_view sqlstate) { return sqlstate.substr(0, 2); }

// What the server says of itself whenever it changes; a transaction that is READ ONLY by its own choice does
// not show here.
bool only_reads(PGconn* server) {
    const auto is_on = [&](const char* parameter) {
        const char* value = PQparameterStatus(server, parameter);
        return value != nullptr && std::string_view(value) == "on";
    };
    return is_on("in_hot_standby") || is_on("default_transaction_read_only");
}

// libpq adds advice in further lines.
std::string first_line(const char* text) {
    const std::string_view all = text == nullptr ? "" : text;
    return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

DatabaseError error_of(PGconn* connection, const PGresult* result) {
    auto field = [&](int code) {
        const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
        return std::string(text == nullptr ? "" : text);
    };
    std::string sqlstate = field(PG_DIAG_SQLSTATE);
    // Only the server's own errors have a SQLSTATE. Without one libpq could not get the statement to the
    // server or the answer back, even where PQstatus does not say so yet.
    if (sqlstate.empty()) return {first_line(PQerrorMessage(connection)), "", /*connection_lost=*/true};
    std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
    std::string hint = field(PG_DIAG_MESSAGE_HINT);
    // The server knows nothing of profiles, nor of extensions that are not there: then it advises other types
    // of the arguments.
    if (hint.empty() || sqlstate == "42883") {
        const std::string known = remedy(sqlstate, message, PQdb(connection), PQuser(connection));
        if (!known.empty()) hint = known;
    }
    if (!hint.empty()) message += " Hint: " + hint;
    // By its severity, not by its SQLSTATE: a function can raise any of them, as one that asks another server
    // does. The session may end before libpq notices.
    const std::string severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    const bool ended = PQstatus(connection) == CONNECTION_BAD || severity == "FATAL" || severity == "PANIC";
    // Another connection may lead to the server that is the primary now.
    const bool lost = ended || (sqlstate == "25006" && only_reads(connection));
    return {message, std::move(sqlstate), lost};
}

// PQcancel waits for the server, and a server that hangs must not hang the caller too.
void ask_to_cancel(PGconn* connection) {
    std::thread([cancel = PQgetCancel(connection)] {
        std::array<char, 256> error{};
        PQcancel(cancel, error.data(), error.size());
        PQfreeCancel(cancel);
    }).detach();
}

DatabaseError::DatabaseError(const std::string& message, std::string sqlstate, bool connection_lost)
    : std::runtime_error(message), sqlstate_(std::move(sqlstate)), connection_lost_(connection_lost) {}

bool DatabaseError::worth_retrying() const {
    return connection_lost_ || class_of(sqlstate_) == "40" || class_of(sqlstate_) == "53" ||
           sqlstate_ == "55P03" || sqlstate_ == "57014";
}

ConnectionPtr connect(const std::string& url) {
    // What stands before dbname can be overridden by the URL; what stands after it cannot.
    constexpr std::array keywords = {"fallback_application_name",
                                     "connect_timeout",
                                     "keepalives_idle",
                                     "keepalives_interval",
                                     "keepalives_count",
                                     "tcp_user_timeout",
                                     "dbname",
                                     "client_encoding",
                                     static_cast<const char*>(nullptr)};
    const std::array values = {
        "hil-worker", "10", "20", "10", "3", "60000", url.c_str(), "UTF8", static_cast<const char*>(nullptr)};
    ConnectionPtr connection(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/1));
    if (connection == nullptr) throw std::bad_alloc();
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw DatabaseError(first_line(PQerrorMessage(connection.get())), "", /*connection_lost=*/true);
    }
    PQsetnonblocking(connection.get(), 1);
    // NOTICEs of the server would go to stderr in between the log's lines.
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);
    return connection;
}

}  // namespace hil::worker
