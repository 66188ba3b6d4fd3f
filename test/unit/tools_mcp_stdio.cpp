// Tool servers that are programs: how they are begun, talked to and ended. The servers are shell scripts,
// since most of them do what no library for servers would let them do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "task_support.hpp"
#include "tools/mcp/server.hpp"
#include "tools/mcp/stdio.hpp"

namespace hil::worker::mcp {
namespace {

using std::chrono::milliseconds;

const std::string greeting =
    R"('{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}}}}\n')";
const std::string list =
    R"('{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"act","inputSchema":{"type":"object"}}]}}\n')";
const std::string result =
    R"('{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%s"}]}}\n')";

// A server in shell: answers the greeting and the list, and does `on_call` for a call. There, `reply TEXT`
// answers.
std::string script(const std::string& on_call, const std::string& before_list = ":") {
    return "reply() { printf " + result +
           " \"$id\" \"$1\"; }\n"
           "while read -r line; do\n"
           "  id=${line#*\\\"id\\\":}; id=${id%%[,\\}]*}\n"
           "  case $line in\n"
           "  *\\\"initialize\\\"*) printf " +
           greeting +
           " \"$id\" ;;\n"
           "  *tools/list*) " +
           before_list + "; printf " + list +
           " \"$id\" ;;\n"
           "  *tools/call*) " +
           on_call +
           " ;;\n"
           "  esac\n"
           "done\n";
}

class McpStdio : public testing::Test {
  protected:
    void SetUp() override {
        char folder[] = "/tmp/hil-mcp.XXXXXX";
        ASSERT_NE(mkdtemp(folder), nullptr);
        folder_ = folder;
    }

    void TearDown() override {
        if (server_) server_->stop();
        std::filesystem::remove_all(folder_);
    }

    void serve(const std::string& shell, std::vector<std::string> variables = {}) {
        run_command({"sh", "-c", shell}, std::move(variables));
    }

    void run_command(std::vector<std::string> command, std::vector<std::string> variables = {}) {
        settings_.name = "fake";
        server_ = Server::make(threads_, settings_,
                               [&](asio::any_io_executor strand, Transport::OnMessage on_message) {
                                   return std::make_shared<Stdio>(threads_.io(), std::move(strand), "fake",
                                                                  command, variables, std::move(on_message));
                               });
    }

    std::vector<ServerTool> tools() { return run_task(threads_, server_->tools()); }
    ToolOutcome call(const Json& arguments = Json::object()) {
        return run_task(threads_, server_->call("act", arguments, "key-1"));
    }

    std::string path(const std::string& name) const { return folder_ / name; }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(path(name)).rdbuf();
        return text.str();
    }
    testing::AssertionResult appears(const std::string& name, const std::string& wanted) const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < end) {
            if (read(name).find(wanted) != std::string::npos) return testing::AssertionSuccess();
            std::this_thread::sleep_for(milliseconds(5));
        }
        return testing::AssertionFailure() << wanted << " is not in " << name << ": " << read(name);
    }

    ServerSettings settings_;
    std::filesystem::path folder_;
    Threads threads_{2};
    std::shared_ptr<Server> server_;
};

TEST_F(McpStdio, ACallGoesThereAndBack) {
    serve(script("printf '%s\\n' \"$line\" > " + path("call") + "; reply done"));
    ASSERT_EQ(tools().size(), 1U);
    EXPECT_EQ(tools()[0].name, "act");
    const ToolOutcome outcome = call({{"text", "two\nlines"}});
    EXPECT_EQ(outcome.text, "done");
    EXPECT_FALSE(outcome.is_error);
    const Json seen = Json::parse(read("call"));
    EXPECT_EQ(seen["params"]["arguments"], (Json{{"text", "two\nlines"}}));
    EXPECT_EQ(seen["params"]["_meta"]["hil/idempotency-key"], "key-1");
}

TEST_F(McpStdio, WhatIsNoMessageIsPassedOver) {
    serve(
        script("echo 'Listening on port 80'; echo; echo '{\"jsonrpc\":\"2.0\",\"id\":999,\"result\":{}}'; "
               "reply fine"));
    EXPECT_EQ(call().text, "fine");
}

TEST_F(McpStdio, TheServersOwnRequestsAreAnswered) {
    serve(
        script("echo '{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}'; read -r pong; printf '%s' "
               "\"$pong\" > " +
               path("pong") + "; reply fine"));
    EXPECT_EQ(call().text, "fine");
    EXPECT_EQ(Json::parse(read("pong")), Json::parse(R"({"jsonrpc": "2.0", "id": "p", "result": {}})"));
}

TEST_F(McpStdio, RepliesMayComeInAnotherOrder) {
    // Answers each call with its key, the second one first.
    serve(
        script("key=${line#*idempotency-key\\\":\\\"}; key=${key%%\\\"*}; "
               "if [ -z \"$first\" ]; then first=$id; first_key=$key; "
               "else reply \"$key\"; id=$first; reply \"$first_key\"; fi"));
    const auto both = [&]() -> Task<std::vector<std::string>> {
        using asio::experimental::awaitable_operators::operator&&;
        Task<std::tuple<ToolOutcome, ToolOutcome>> calls =
            server_->call("act", Json::object(), "one") && server_->call("act", Json::object(), "two");
        const auto [one, two] = co_await std::move(calls);
        co_return std::vector<std::string>{one.text, two.text};
    };
    EXPECT_EQ(run_task(threads_, both()), (std::vector<std::string>{"one", "two"}));
}

TEST_F(McpStdio, AServerThatRefusesTheHandshakeIsTalkedToWithoutOne) {
    const std::string refusal =
        R"('{"jsonrpc":"2.0","id":%s,"error":{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}}\n')";
    serve(
        "while read -r line; do id=${line#*\\\"id\\\":}; id=${id%%[,\\}]*}; case $line in "
        "*\\\"initialize\\\"*) printf " +
        refusal +
        " \"$id\" ;; "
        "*notifications/initialized*) touch " +
        path("greeted") +
        " ;; "
        "*tools/list*) printf " +
        list +
        " \"$id\" ;; "
        "*) printf '%s\\n' \"$line\" > " +
        path("call") + "; printf " + result + " \"$id\" done ;; esac; done");
    EXPECT_EQ(call().text, "done");
    EXPECT_FALSE(std::filesystem::exists(path("greeted")));
    const Json meta = Json::parse(read("call"))["params"]["_meta"];
    EXPECT_EQ(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    EXPECT_EQ(meta["hil/idempotency-key"], "key-1");
}

TEST_F(McpStdio, AServerThatEndsLeavesTheOutcomeOpenAndIsBegunAgain) {
    serve(script("if [ -e " + path("died") + " ]; then reply again; else touch " + path("died") +
                 "; exit 1; fi"));
    const ToolOutcome lost = call();
    EXPECT_TRUE(lost.is_error);
    EXPECT_NE(lost.text.find("not known whether"), std::string::npos) << lost.text;
    EXPECT_EQ(call().text, "again");
}

TEST_F(McpStdio, ASlowCallIsCalledOff) {
    settings_.timeout = milliseconds(100);
    serve(script("while read -r more; do printf '%s\\n' \"$more\" >> " + path("more") + "; done"));
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
    EXPECT_NE(outcome.text.find("no answer within 0.1 s"), std::string::npos) << outcome.text;
    EXPECT_TRUE(appears("more", "notifications/cancelled"));
}

TEST_F(McpStdio, AServerThatNeverGreetsIsDown) {
    settings_.start_timeout = milliseconds(150);
    serve("cat > /dev/null");
    EXPECT_THROW(tools(), ToolServerDown);
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error) << "a call tells the model";
}

TEST_F(McpStdio, AProgramThatIsNotThereIsDown) {
    settings_.start_timeout = milliseconds(100);
    run_command({"/nowhere/server"});
    try {
        tools();
        FAIL();
    } catch (const ToolServerDown& error) {
        EXPECT_NE(std::string(error.what()).find("/nowhere/server"), std::string::npos) << error.what();
    }
}

TEST_F(McpStdio, AnEndlessLineIsTheEndOfTheServer) {
    serve(script("head -c 6000000 /dev/zero | tr '\\0' x; reply late"));
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
    EXPECT_NE(outcome.text.find("the server has ended"), std::string::npos) << outcome.text;
}

TEST_F(McpStdio, TheProgramGetsOnlyTheVariablesThatAreNamed) {
    setenv("HIL_TEST_SECRET", "hidden", 1);
    setenv("HIL_TEST_TOKEN", "given", 1);
    serve(script("reply \"$HIL_TEST_TOKEN-$HIL_TEST_SECRET-${PATH:+path}\""), {"HIL_TEST_TOKEN"});
    EXPECT_EQ(call().text, "given--path");
    unsetenv("HIL_TEST_SECRET");
    unsetenv("HIL_TEST_TOKEN");
}

TEST_F(McpStdio, TheProgramGetsNoOpenFileOfTheWorkers) {
    const int leaking = open(path("leaking").c_str(), O_RDWR | O_CREAT, 0600);
    ASSERT_GE(leaking, 0);
    serve(script("reply \"$(ls -l /proc/$$/fd | tr '\\n' ' ' | tr -d '\"')\""));
    const ToolOutcome outcome = call();
    EXPECT_NE(outcome.text.find("pipe:"), std::string::npos) << outcome.text;
    EXPECT_EQ(outcome.text.find("leaking"), std::string::npos) << outcome.text;
    close(leaking);
}

TEST_F(McpStdio, WhatTheProgramStartedEndsWithIt) {
    serve("sleep 1000 & echo $! > " + path("sleeper") + "\n" + script("reply done"));
    EXPECT_EQ(call().text, "done");
    const pid_t sleeper = std::stoi(read("sleeper"));
    server_->stop();
    server_.reset();
    const auto is_gone = [&] {
        std::ifstream stat("/proc/" + std::to_string(sleeper) + "/stat");
        std::string id, name, state;
        stat >> id >> name >> state;
        return !stat || state == "Z";
    };
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_gone() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(5));
    EXPECT_TRUE(is_gone());
}

TEST_F(McpStdio, AChangedListIsAskedForAgain) {
    serve(script("echo '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}'; reply done",
                 "echo x >> " + path("lists")));
    tools();
    call();
    ASSERT_TRUE(appears("lists", "x\n"));
    tools();
    EXPECT_EQ(read("lists"), "x\nx\n");
}

}  // namespace
}  // namespace hil::worker::mcp
