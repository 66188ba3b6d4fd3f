#include "db/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "db/libpq.hpp"

namespace hil::worker {

std::string_view Result::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Connection::Connection(const std::string& url, int interrupt_fd)
    : connection_(connect(url)), interrupt_fd_(interrupt_fd) {}

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
