#include "session.hpp"

#include <algorithm>
#include <array>

namespace hil::test {
namespace {

std::vector<const char*> pointers(const std::vector<Value>& values) {
    std::vector<const char*> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](const Value& value) { return value ? value->c_str() : nullptr; });
    return result;
}

}  // namespace

Session::Session(const std::string& database, const std::string& port) {
    const std::array keywords = {"dbname", "port", "application_name", "options",
                                 static_cast<const char*>(nullptr)};
    // What waits for a lock for longer than this fails.
    const std::array values = {database.c_str(), port.c_str(), "integration_tests",
                               "-c statement_timeout=60s", static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/0));
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw SqlError(PQerrorMessage(connection_.get()), "");
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
}

Rows Session::query(const std::string& sql, const std::vector<Value>& values) {
    return take(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                             pointers(values).data(), nullptr, nullptr, /*resultFormat=*/0));
}

Rows Session::take(PGresult* raw) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(raw, PQclear);
    const ExecStatusType status = PQresultStatus(raw);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const char* sqlstate = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
        const char* message = PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY);
        // A server that goes down says so with a SQLSTATE, but the connection is lost all the same.
        const bool lost = sqlstate == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD;
        throw SqlError(message != nullptr ? message : PQerrorMessage(connection_.get()),
                       lost ? "" : sqlstate);
    }
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

std::string Session::one(const std::string& sql, const std::vector<Value>& values) {
    const Rows rows = query(sql, values);
    return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
}

int Session::number(const std::string& sql, const std::vector<Value>& values) {
    return std::stoi(one(sql, values));
}

bool Session::yes(const std::string& sql, const std::vector<Value>& values) {
    return one(sql, values) == "t";
}

Json Session::json(const std::string& sql, const std::vector<Value>& values) {
    const std::string text = one(sql, values);
    return text.empty() ? Json() : Json::parse(text);
}

std::vector<std::string> Session::list(const std::string& sql, const std::vector<Value>& values) {
    std::vector<std::string> result;
    for (const Row& row : query(sql, values)) result.push_back(row[0].value_or(""));
    return result;
}

void Session::send(const std::string& sql, const std::vector<Value>& values) {
    if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                          pointers(values).data(), nullptr, nullptr, /*resultFormat=*/0) == 0)
        throw SqlError(PQerrorMessage(connection_.get()), "");
}

Rows Session::finish() {
    std::optional<SqlError> error;
    Rows rows;
    while (PGresult* result = PQgetResult(connection_.get())) {
        try {
            rows = take(result);
        } catch (const SqlError& refused) {
            error.emplace(refused);
        }
    }
    if (error) throw SqlError(*error);
    return rows;
}

void Session::listen(const std::string& channel) { query("LISTEN \"" + channel + "\""); }

std::vector<Notification> Session::notifications() {
    // Others' commits are seen a moment before their notifications reach this session; its own makes it read
    // all that came before.
    query("NOTIFY caught_up");
    std::vector<Notification> result;
    while (PGnotify* raw = PQnotifies(connection_.get())) {
        const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notification(raw, PQfreemem);
        result.push_back({raw->relname, Json::parse(raw->extra), raw->extra});
    }
    return result;
}

}  // namespace hil::test
