#include "db/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace hil::worker {
namespace {

constexpr std::string_view class_of(std::string_view sqlstate) { return sqlstate.substr(0, 2); }

bool ends_connection(std::string_view sqlstate) {
    return class_of(sqlstate) == "08" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
           sqlstate == "57P05" || sqlstate == "25006";
}

// libpq adds advice in further lines.
std::string first_line(const char* text) {
    const std::string_view all = text == nullptr ? "" : text;
    return std::string(all.substr(0, all.find('\n')));
}

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
    if (std::string hint = field(PG_DIAG_MESSAGE_HINT); !hint.empty()) message += " Hint: " + hint;
    const bool lost = PQstatus(connection) == CONNECTION_BAD || ends_connection(sqlstate);
    return {message, std::move(sqlstate), lost};
}

// What a cancelled statement gets to come to its end.
constexpr std::chrono::seconds time_to_cancel{1};

// PQcancel waits for the server, and a server that hangs must not hang the caller too.
void ask_to_cancel(PGconn* connection) {
    std::thread([cancel = PQgetCancel(connection)] {
        std::array<char, 256> error{};
        PQcancel(cancel, error.data(), error.size());
        PQfreeCancel(cancel);
    }).detach();
}

}  // namespace

DatabaseError::DatabaseError(const std::string& message, std::string sqlstate, bool connection_lost)
    : std::runtime_error(message), sqlstate_(std::move(sqlstate)), connection_lost_(connection_lost) {}

bool DatabaseError::worth_retrying() const {
    return connection_lost_ || class_of(sqlstate_) == "40" || class_of(sqlstate_) == "53" ||
           sqlstate_ == "55P03" || sqlstate_ == "57014";
}

bool is_connection_string(const std::string& url) {
    const bool is_uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
    // libpq takes anything else for a database's name.
    if (!is_uri && url.find('=') == std::string::npos) return true;
    struct Free {
        void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
    };
    const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(url.c_str(), nullptr));
    if (options == nullptr) return false;
    if (!is_uri) return true;
    // A password with an @ or a / ends too early, and its rest becomes the host, the port or the database.
    const std::string_view address = std::string_view(url).substr(url.find("//") + 2);
    const std::string_view before_query = address.substr(0, address.find('?'));
    const std::size_t at = before_query.find('@');
    if (before_query.find('@', at == std::string::npos ? at : at + 1) != std::string::npos) return false;
    return at == std::string::npos || at < before_query.find('/');
}

std::string_view Result::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Connection::Connection(const std::string& url, int interrupt_fd) : interrupt_fd_(interrupt_fd) {
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
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/1));
    if (connection_ == nullptr) throw std::bad_alloc();
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw DatabaseError(first_line(PQerrorMessage(connection_.get())), "", /*connection_lost=*/true);
    }
    PQsetnonblocking(connection_.get(), 1);
    // NOTICEs of the server would go to stderr in between the log's lines.
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
}

Result Connection::execute(const char* sql, std::initializer_list<Parameter> parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const Parameter& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);

    if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr, values.data(),
                          nullptr, nullptr, /*resultFormat=*/0) == 0) {
        throw error_of(connection_.get(), nullptr);
    }
    const Deadline deadline = std::chrono::steady_clock::now() + statement_limit;
    // The last result counts: a COMMIT that fails comes after the rows.
    PGresult* raw = nullptr;
    Result result(raw);
    for (;;) {
        await_answer(deadline);
        PGresult* next = PQgetResult(connection_.get());
        if (next == nullptr) break;
        result = Result(raw = next);
    }
    const ExecStatusType status = PQresultStatus(raw);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw error_of(connection_.get(), raw);
    return result;
}

// Returns when PQgetResult would not wait.
void Connection::await_answer(Deadline deadline) {
    bool cancelled = false;
    for (;;) {
        const int unsent = PQflush(connection_.get());
        if (unsent < 0) throw error_of(connection_.get(), nullptr);
        if (PQisBusy(connection_.get()) == 0) return;
        if (wait_for_socket(unsent > 0, deadline, cancelled ? -1 : interrupt_fd_)) {
            if (PQconsumeInput(connection_.get()) == 0) throw error_of(connection_.get(), nullptr);
        } else if (cancelled) {
            throw DatabaseError("the server does not answer", "", /*connection_lost=*/true);
        } else {
            ask_to_cancel(connection_.get());
            cancelled = true;
            deadline = std::chrono::steady_clock::now() + time_to_cancel;
        }
    }
}

// False: the deadline is over, or the interrupt came.
bool Connection::wait_for_socket(bool unsent, Deadline deadline, int interrupt_fd) {
    const auto events = static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN);
    std::array<pollfd, 2> fds = {{{PQsocket(connection_.get()), events, 0}, {interrupt_fd, POLLIN, 0}}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready = poll(fds.data(), fds.size(), std::max(0, static_cast<int>(left.count())));
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    return ready < 0 || fds[0].revents != 0;
}

bool Connection::take_notifications() {
    bool any = false;
    while (PGnotify* notification = PQnotifies(connection_.get())) {
        any = true;
        PQfreemem(notification);
    }
    return any;
}

bool Connection::wait(std::chrono::milliseconds timeout, int wake_fd) {
    // One may have come with the answer of the last statement.
    if (take_notifications()) return true;
    std::array<pollfd, 2> fds = {{{PQsocket(connection_.get()), POLLIN, 0}, {wake_fd, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), static_cast<int>(timeout.count())) < 0 && errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (PQconsumeInput(connection_.get()) == 0) throw error_of(connection_.get(), nullptr);
    return take_notifications();
}

}  // namespace hil::worker
