// A client of the test's own: libpq, results as text, errors with their SQLSTATE, notifications.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace hil::test {

using Json = nlohmann::json;
using Value = std::optional<std::string>;  // as text; nothing is NULL

// What the server or libpq refused. sqlstate is empty where the connection was lost.
class SqlError : public std::runtime_error {
  public:
    SqlError(const std::string& message, std::string sqlstate)
        : std::runtime_error(sqlstate + " " + message), sqlstate(std::move(sqlstate)) {}
    const std::string sqlstate;
};

struct Notification {
    std::string channel;
    Json payload;
    std::string text;  // the payload as it came
};

using Row = std::vector<Value>;
using Rows = std::vector<Row>;

// One connection; belongs to one thread at a time. All functions throw SqlError.
class Session {
  public:
    // `database` on the server of test/with-cluster, or on another one in its folder, by its port.
    explicit Session(const std::string& database, const std::string& port = "");

    // Runs one statement, whose $1, $2, … are `values`.
    Rows query(const std::string& sql, const std::vector<Value>& values = {});

    // The first value of the first row; "" for NULL and for no row.
    std::string one(const std::string& sql, const std::vector<Value>& values = {});
    int number(const std::string& sql, const std::vector<Value>& values = {});
    bool yes(const std::string& sql, const std::vector<Value>& values = {});
    Json json(const std::string& sql, const std::vector<Value>& values = {});

    // The first column.
    std::vector<std::string> list(const std::string& sql, const std::vector<Value>& values = {});

    // Starts a statement without waiting for it; finish() does.
    void send(const std::string& sql, const std::vector<Value>& values = {});
    Rows finish();

    void listen(const std::string& channel);

    // All notifications of what was committed before this call, in order.
    std::vector<Notification> notifications();

    // Process id of the server's side.
    int backend() const { return PQbackendPID(connection_.get()); }

  private:
    Rows take(PGresult* result);

    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace hil::test
