// Tool servers that are programs: how they are begun and talked to.
#include <fcntl.h>
#include <unistd.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <tuple>

#include "mcp_support.hpp"

namespace hil::worker::mcp {
namespace {

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
