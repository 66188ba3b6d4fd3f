// libpq in modern C++: a connection, its results and its errors.
// A Connection belongs to one thread at a time. Values go to the server as parameters only, never as pasted
// SQL.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hil::worker {

// What the server or libpq refused. what() is one line: the message, and the server's hint where it gave one.
class DatabaseError : public std::runtime_error {
  public:
    DatabaseError(const std::string& message, std::string sqlstate, bool connection_lost);

    // Five characters; empty where libpq itself failed.
    const std::string& sqlstate() const { return sqlstate_; }

    // The connection is unusable, or leads to a server that only reads (the primary may be another one after
    // a failover), and whether the statement was carried out is unknown.
    bool connection_lost() const { return connection_lost_; }

    // The same statement may succeed later: the connection was lost, or the server was short of something
    // (serialization failure, deadlock, lock timeout, cancel, out of memory, disk or connections).
    bool worth_retrying() const;

  private:
    std::string sqlstate_;
    bool connection_lost_;
};

// A parameter as text; nothing is NULL.
using Parameter = std::optional<std::string>;

class Result {
  public:
    explicit Result(PGresult* result = nullptr) : result_(result) {}

    int rows() const { return PQntuples(result_.get()); }
    bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }

    // The value as text, valid as long as the result; "" for NULL.
    std::string_view text(int row, int column) const;

  private:
    struct Clear {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

struct FinishConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, FinishConnection>;

// How long a statement may take until it is cancelled.
inline constexpr std::chrono::milliseconds statement_limit{60'000};

// What a cancelled statement gets to come to its end.
inline constexpr std::chrono::milliseconds time_to_cancel{1'000};

class Connection {
  public:
    // Connects to `url`, a libpq URL or keyword string; where it is empty, or leaves something out, libpq's
    // environment variables count. A dead peer is noticed within about a minute. Once `interrupt_fd` is
    // readable, statements that still wait are cancelled; -1 stands for never. Throws DatabaseError.
    explicit Connection(const std::string& url, int interrupt_fd = -1);

    // Runs one statement, whose $1, $2, … are `parameters`. A cancelled one that is not answered soon either
    // counts as lost with the connection. Throws DatabaseError.
    Result execute(const char* sql, std::initializer_list<Parameter> parameters = {});

    // Waits until a notification has come, `wake_fd` is readable, or `timeout` is over. True: there was a
    // notification (all that are there are taken). Throws DatabaseError when the connection is lost.
    bool wait(std::chrono::milliseconds timeout, int wake_fd);

  private:
    using Deadline = std::chrono::steady_clock::time_point;

    void await_answer(Deadline deadline);
    bool wait_for_socket(bool unsent, Deadline deadline, int interrupt_fd);
    bool take_notifications();

    ConnectionPtr connection_;
    int interrupt_fd_;
};

}  // namespace hil::worker
