// Statements that wait without a thread.
#include "db/async_connection.hpp"

#include <fcntl.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <filesystem>

#include "../unit/task_support.hpp"
#include "fixture.hpp"

namespace hil::test {
namespace {

using namespace std::chrono_literals;
using worker::AsyncConnection;
using worker::DatabaseError;
using worker::Result;
using worker::Task;
using worker::Threads;
using Clock = std::chrono::steady_clock;

class Asynchronous : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        connection = std::make_unique<AsyncConnection>(threads, "postgresql:///" + database());
    }
    void TearDown() override {
        connection.reset();
        LiveTest::TearDown();
    }

    std::string one(const std::string& text, std::vector<worker::Parameter> parameters = {},
                    std::chrono::milliseconds limit = 60s) {
        const Result result =
            worker::run_task(threads, connection->execute(text, std::move(parameters), limit));
        return std::string(result.text(0, 0));
    }
    std::string sqlstate_of(const std::string& text, std::chrono::milliseconds limit = 60s) {
        try {
            one(text, {}, limit);
            return "none";
        } catch (const DatabaseError& error) {
            return error.connection_lost() ? "lost" : error.sqlstate();
        }
    }

    Threads threads{2};
    std::unique_ptr<AsyncConnection> connection;
};

TEST_F(Asynchronous, StatementsAndTheirErrors) {
    EXPECT_EQ(one("SELECT $1::int + 1", {"41"}), "42");
    EXPECT_EQ(one("SELECT $1::text IS NULL", {std::nullopt}), "t");
    EXPECT_EQ(sqlstate_of("SELECT 1/0"), "22012");
    EXPECT_EQ(one("SELECT pg_backend_pid() = pg_backend_pid()"), "t");
    // Larger than what the socket takes at once, both ways.
    const std::string large(8 << 20, 'x');
    EXPECT_EQ(one("SELECT $1::text", {large}), large);
}

TEST_F(Asynchronous, AStatementThatTakesTooLongIsCancelled) {
    const std::string before = one("SELECT pg_backend_pid()");
    EXPECT_EQ(sqlstate_of("SELECT pg_sleep(3600)", 20ms), "57014");
    EXPECT_EQ(one("SELECT pg_backend_pid()"), before) << "the connection stays";
}

TEST_F(Asynchronous, ALostConnectionIsOpenedAgain) {
    const std::string before = one("SELECT pg_backend_pid()");
    sql().query("SELECT pg_terminate_backend($1, 10000)", {before});
    EXPECT_EQ(sqlstate_of("SELECT 1"), "lost");
    EXPECT_FALSE(connection->is_open());
    EXPECT_NE(one("SELECT pg_backend_pid()"), before);
}

TEST_F(Asynchronous, ThatAServerOnlyReadsIsALostConnection) {
    sql().query("CREATE TABLE things (x int)");
    sql().query("ALTER DATABASE " + database() + " SET default_transaction_read_only = on");
    EXPECT_EQ(sqlstate_of("INSERT INTO things VALUES (1) RETURNING x"), "lost");
    sql().query("ALTER DATABASE " + database() + " RESET default_transaction_read_only");
    EXPECT_EQ(sqlstate_of("INSERT INTO things VALUES (1) RETURNING x"), "none")
        << "the next connection finds one that writes";
}

TEST_F(Asynchronous, WhatAStatementRaisesIsNoLostConnection) {
    sql().query("CREATE TABLE things (x int)");
    const std::string before = one("SELECT pg_backend_pid()");
    for (const char* sqlstate : {"08006", "57P01", "25006"})
        EXPECT_EQ(
            sqlstate_of(std::string("DO $$ BEGIN RAISE EXCEPTION 'of another server' USING ERRCODE = '") +
                        sqlstate + "'; END $$"),
            sqlstate);
    one("BEGIN READ ONLY");
    EXPECT_EQ(sqlstate_of("INSERT INTO things VALUES (1) RETURNING x"), "25006");
    one("ROLLBACK");
    EXPECT_EQ(one("SELECT pg_backend_pid()"), before);
}

TEST_F(Asynchronous, NoProgramInheritsItsSockets) {
    one("SELECT 1");
    int sockets = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (!std::filesystem::read_symlink(entry, gone).string().starts_with("socket:")) continue;
        ++sockets;
        const std::string number = entry.path().filename();
        EXPECT_NE(fcntl(std::stoi(number), F_GETFD) & FD_CLOEXEC, 0) << number;
    }
    EXPECT_GE(sockets, 3) << "the test's own, libpq's and its duplicate";
}

TEST_F(Asynchronous, ACancelledCallerCancelsItsStatement) {
    asio::cancellation_signal signal;
    const asio::any_io_executor strand = threads.new_strand();
    std::exception_ptr thrown;
    threads.io().restart();
    asio::co_spawn(strand, connection->execute("SELECT pg_sleep(3600), 'cancelled'"),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, const Result&) {
                       thrown = error;
                       threads.stop();
                   }));
    const auto sleeping = [&] {
        return sql().number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
            "AND query LIKE '%''cancelled''' AND pid <> pg_backend_pid()");
    };
    std::jthread io([&] { threads.run(); });
    ASSERT_TRUE(within_patience([&] { return sleeping() == 1; }));
    asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    io.join();
    EXPECT_THROW(std::rethrow_exception(thrown), std::system_error);
    EXPECT_TRUE(within_patience([&] { return sleeping() == 0; }));
}

TEST_F(Asynchronous, NotificationsAreNoticed) {
    one("LISTEN greetings");
    EXPECT_FALSE(worker::run_task(threads, connection->notified(Clock::now())));
    sql().query("NOTIFY greetings");
    EXPECT_TRUE(worker::run_task(threads, connection->notified(Clock::now() + 60s)));
    connection->wake();
    EXPECT_FALSE(worker::run_task(threads, connection->notified(Clock::now() + 60s)));
}

TEST_F(Asynchronous, AnInterruptedConnectionWaitsForNothing) {
    one("SELECT 1");
    connection->interrupt();
    EXPECT_EQ(sqlstate_of("SELECT pg_sleep(3600)"), "57014");
}

}  // namespace
}  // namespace hil::test
