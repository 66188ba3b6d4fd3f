#include "client.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace hil::bench {
namespace {

std::vector<const char*> pointers(const std::vector<Value>& values) {
    std::vector<const char*> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](const Value& value) { return value ? value->c_str() : nullptr; });
    return result;
}

}  // namespace

Client::Client(const std::string& database) {
    const std::array keywords = {"dbname", "application_name", static_cast<const char*>(nullptr)};
    const std::array values = {database.c_str(), "hil bench", static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/0));
    require(PQstatus(connection_.get()) == CONNECTION_OK);
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
}

void Client::require(bool done) {
    if (!done) throw std::runtime_error(PQerrorMessage(connection_.get()));
}

Rows Client::take(PGresult* raw) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(raw, PQclear);
    const ExecStatusType status = PQresultStatus(raw);
    require(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_PIPELINE_SYNC);
    Rows rows(PQntuples(raw));
    for (int row = 0; row < PQntuples(raw); ++row) {
        for (int column = 0; column < PQnfields(raw); ++column) {
            Value value;
            if (!PQgetisnull(raw, row, column)) value = PQgetvalue(raw, row, column);
            rows[row].push_back(std::move(value));
        }
    }
    return rows;
}

const std::string& Client::prepared(const std::string& sql) {
    std::string& name = names_[sql];
    if (name.empty()) {
        const std::string fresh = "s" + std::to_string(names_.size());
        take(PQprepare(connection_.get(), fresh.c_str(), sql.c_str(), 0, nullptr));
        name = fresh;
    }
    return name;
}

Rows Client::run(const std::string& sql, const std::vector<Value>& values) {
    return take(PQexecPrepared(connection_.get(), prepared(sql).c_str(), static_cast<int>(values.size()),
                               pointers(values).data(), nullptr, nullptr, /*resultFormat=*/0));
}

std::string Client::one(const std::string& sql, const std::vector<Value>& values) {
    const Rows rows = run(sql, values);
    return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
}

void Client::pipeline(const std::vector<Statement>& statements) {
    PGconn* connection = connection_.get();
    for (const Statement& statement : statements) prepared(statement.sql);
    require(PQenterPipelineMode(connection) == 1);
    for (const Statement& statement : statements)
        require(PQsendQueryPrepared(connection, prepared(statement.sql).c_str(),
                                    static_cast<int>(statement.values.size()),
                                    pointers(statement.values).data(), nullptr, nullptr, 0) == 1);
    require(PQpipelineSync(connection) == 1);
    for (std::size_t at = 0; at < statements.size(); ++at) {
        take(PQgetResult(connection));
        PQgetResult(connection);  // the nullptr between two statements
    }
    take(PQgetResult(connection));
    require(PQexitPipelineMode(connection) == 1);
}

void Client::execute(const std::string& sql) { take(PQexec(connection_.get(), sql.c_str())); }

std::optional<Notification> Client::next_notification(Clock::time_point deadline) {
    for (;;) {
        require(PQconsumeInput(connection_.get()) == 1);
        if (PGnotify* raw = PQnotifies(connection_.get())) {
            const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notification(raw, PQfreemem);
            return Notification{raw->relname, raw->extra, Clock::now()};
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return std::nullopt;
        pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
        poll(&socket, 1, static_cast<int>(left.count()));
    }
}

}  // namespace hil::bench
