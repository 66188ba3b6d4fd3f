// A client as `pgbench -M prepared` is one: each statement is prepared at its first use, values and results
// are text.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hil::bench {

using Clock = std::chrono::system_clock;  // the clock that the server's timestamps are taken from, too
using Value = std::optional<std::string>;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

struct Statement {
    std::string sql;  // $1, $2, … are `values`
    std::vector<Value> values;
};

struct Notification {
    std::string channel;
    std::string payload;
    Clock::time_point received;
};

// One connection; belongs to one thread at a time. What the server refuses is thrown as std::runtime_error.
class Client {
  public:
    explicit Client(const std::string& database);

    // Runs one statement in one round trip.
    Rows run(const std::string& sql, const std::vector<Value>& values = {});

    // The first value of the first row; "" for NULL and for no row.
    std::string one(const std::string& sql, const std::vector<Value>& values = {});

    // Runs the statements as one transaction in one round trip.
    void pipeline(const std::vector<Statement>& statements);

    // Runs what cannot be prepared or needs no answer: one or more statements without values.
    void execute(const std::string& sql);

    // The next notification; nothing where none comes before the deadline.
    std::optional<Notification> next_notification(Clock::time_point deadline);

    int backend() const { return PQbackendPID(connection_.get()); }

  private:
    const std::string& prepared(const std::string& sql);
    void require(bool done);
    Rows take(PGresult* result);

    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
    std::map<std::string, std::string> names_;  // statement → its name on the server
};

}  // namespace hil::bench
