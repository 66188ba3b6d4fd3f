// SQL tools that get no connection: the time limit holds for that too.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "task_support.hpp"
#include "tools/sql_tool.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Takes connections and says nothing.
class SilentServer {
  public:
    SilentServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(socket_, any, size), 0);
        EXPECT_EQ(listen(socket_, 5), 0);
        EXPECT_EQ(getsockname(socket_, any, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    ~SilentServer() { close(socket_); }

    std::string url() const {
        return "postgresql://u@127.0.0.1:" + std::to_string(port_) + "/d?sslmode=disable";
    }

  private:
    int socket_;
    int port_ = 0;
};

class SqlToolTest : public testing::Test {
  protected:
    SqlToolTest() {
        config_.name = config_.function = "shop.look";
        config_.timeout = milliseconds(200);
    }

    ToolOutcome call(const std::shared_ptr<SqlPool>& pool) {
        SqlTool tool(config_, pool);
        return run_task(threads_, tool.call(Json::object(), context_));
    }

    std::shared_ptr<SqlPool> pool() { return std::make_shared<SqlPool>(threads_, server_.url(), 1); }

    Threads threads_{2};
    SilentServer server_;  // ends first, and with it what still connects
    SqlToolConfig config_;
    CallContext context_;
};

TEST_F(SqlToolTest, WaitsForAFreeConnectionOnlyAsLongAsItMay) {
    const auto one = pool();
    auto loan = run_task(threads_, one->borrow(SqlPool::Time::max()));
    ASSERT_NE(loan, nullptr);
    // Only a tool that waits longer ever gets it.
    asio::steady_timer later(threads_.io(), seconds(5));
    later.async_wait([&](const std::error_code& error) {
        if (!error) loan.reset();
    });
    const ToolOutcome outcome = call(one);
    EXPECT_TRUE(outcome.is_error);
    EXPECT_EQ(outcome.text, "error: no connection was free; nothing was done");
    EXPECT_GE(outcome.duration_ms, 200);
    EXPECT_NE(loan, nullptr);
}

TEST_F(SqlToolTest, WaitsForTheServerOnlyAsLongAsItMay) {
    const ToolOutcome outcome = call(pool());
    EXPECT_TRUE(outcome.is_error);
    EXPECT_EQ(outcome.text, "error: there was no connection in time; nothing was done");
    EXPECT_LT(outcome.duration_ms, 8'000) << "connecting is given up after 10 seconds";
}

TEST_F(SqlToolTest, SaysThatNothingWasDoneWhereThereIsNoServer) {
    config_.timeout = seconds(30);
    const auto nowhere = std::make_shared<SqlPool>(threads_, "postgresql://u@127.0.0.1:1/d", 1);
    const ToolOutcome outcome = call(nowhere);
    EXPECT_TRUE(outcome.text.starts_with("error: ")) << outcome.text;
    EXPECT_TRUE(outcome.text.ends_with("; nothing was done")) << outcome.text;
}

}  // namespace
}  // namespace hil::worker
