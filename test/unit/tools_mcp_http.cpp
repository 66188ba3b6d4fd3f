// Tool servers that are reached by HTTP, as the protocol wants them and otherwise.
#include <gtest/gtest.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <cstdlib>
#include <latch>
#include <memory>
#include <string>
#include <tuple>

#include "config/secrets.hpp"
#include "http/curl_client.hpp"
#include "scripted/server.hpp"
#include "task_support.hpp"
#include "tools/mcp/http.hpp"
#include "tools/mcp/json_rpc.hpp"
#include "tools/mcp/server.hpp"

namespace hil::worker::mcp {
namespace {

using std::chrono::milliseconds;
using test::Act;
using test::Seen;

Json reply_of(const Seen& seen, const Json& result) {
    return {{"jsonrpc", "2.0"}, {"id", seen.json.value("id", Json())}, {"result", result}};
}

Json text_result(const std::string& text) { return {{"content", {{{"type", "text"}, {"text", text}}}}}; }

std::string event(const Json& message) { return "event: message\ndata: " + message.dump() + "\n\n"; }

Act stream(const std::string& events) {
    return Act::text(events, 200).header("Content-Type", "text/event-stream");
}

class McpHttp : public testing::Test {
  protected:
    McpHttp() {
        settings_.name = "web";
        settings_.timeout = milliseconds(3'000);
        web_.on("/mcp", [this](const Seen& seen) { return answer(seen); });
        make();
    }

    void make() {
        server_ = Server::make(
            threads_, settings_, [this](asio::any_io_executor strand, Transport::OnMessage on_message) {
                HttpAddress address{
                    web_.url() + "/mcp", {{"Authorization", "Bearer t"}}, AddressPolicy::everything()};
                return std::make_shared<Http>(client_, std::move(strand), std::move(address),
                                              std::move(on_message));
            });
    }

    ~McpHttp() override { run_task(threads_, server_->stop()); }

    Act answer(const Seen& seen) {
        if (seen.method == "DELETE") return on_delete_;
        const std::string method = seen.json.value("method", "");
        if (method == "initialize") {
            Act act = Act::json(reply_of(
                seen, {{"protocolVersion", "2025-06-18"}, {"capabilities", {{"tools", Json::object()}}}}));
            if (!session_.empty()) act.header("Mcp-Session-Id", session_);
            return act;
        }
        if (method == "tools/list" && lists_)
            return Act::json(
                reply_of(seen, {{"tools", {{{"name", "act"}, {"inputSchema", {{"type", "object"}}}}}}}));
        if (method == "tools/call") return on_call_(seen);
        return Act::text("", 202);
    }

    ToolOutcome call() { return run_task(threads_, server_->call("act", Json::object(), "key-1")); }

    std::vector<Seen> seen(const std::string& method) {
        std::vector<Seen> found;
        for (const Seen& seen : web_.seen("/mcp"))
            if (seen.json.is_object() && seen.json.value("method", "") == method) found.push_back(seen);
        return found;
    }

    std::vector<Seen> deletes() {
        std::vector<Seen> found;
        for (const Seen& seen : web_.seen("/mcp"))
            if (seen.method == "DELETE") found.push_back(seen);
        return found;
    }

    test::ScriptedServer web_;
    Threads threads_{2};
    CurlClient client_{threads_, 8};
    ServerSettings settings_;
    std::string session_;
    bool lists_ = true;
    Act on_delete_ = Act::text("", 200);
    std::function<Act(const Seen&)> on_call_ = [](const Seen& seen) {
        return Act::json(reply_of(seen, text_result("done")));
    };
    std::shared_ptr<Server> server_;
};

// The cut of a long text would leave a part of it.
TEST_F(McpHttp, ASecretAtTheEndOfAnExcerptIsHidden) {
    setenv("HIL_TEST_TOKEN", "tulips-1893-carnations", 1);
    const std::string token = *secret("HIL_TEST_TOKEN");
    unsetenv("HIL_TEST_TOKEN");
    on_call_ = [&](const Seen&) { return Act::text(std::string(185, '.') + " " + token, 401); };
    const std::string refused = call().text;
    EXPECT_NE(refused.find("HTTP 401: ..."), std::string::npos) << refused;
    EXPECT_EQ(refused.find("tulip"), std::string::npos) << refused;
    on_call_ = [&](const Seen& seen) {
        return Act::json({{"jsonrpc", "2.0"},
                          {"id", seen.json.at("id")},
                          {"error", {{"code", 1}, {"message", std::string(485, '.') + " " + token}}}});
    };
    const std::string error = call().text;
    EXPECT_NE(error.find("error 1: ..."), std::string::npos) << error;
    EXPECT_EQ(error.find("tulip"), std::string::npos) << error;
    for (std::size_t before = 0; before < 200; ++before) {
        const std::string bad = R"({"jsonrpc": "1", "x": ")" + std::string(before, '.') + " " + token;
        for (const std::string& text : {bad, bad + "\"}"}) {
            try {
                read_messages(text);
                ADD_FAILURE() << text;
            } catch (const BadMessage& mistake) {
                EXPECT_EQ(std::string(mistake.what()).find("tulip"), std::string::npos) << mistake.what();
            }
        }
    }
}

TEST_F(McpHttp, EveryMessageIsAPostWithTheAgreedVersionAndTheSession) {
    session_ = "session-1";
    EXPECT_EQ(call().text, "done");
    const Seen first = seen("initialize").at(0);
    EXPECT_EQ(first.header("Accept"), "application/json, text/event-stream");
    EXPECT_EQ(first.header("Authorization"), "Bearer t");
    EXPECT_EQ(first.header("MCP-Protocol-Version"), "");
    for (const char* method : {"notifications/initialized", "tools/list", "tools/call"}) {
        ASSERT_EQ(seen(method).size(), 1U) << method;
        EXPECT_EQ(seen(method)[0].header("MCP-Protocol-Version"), "2025-06-18") << method;
        EXPECT_EQ(seen(method)[0].header("Mcp-Session-Id"), "session-1") << method;
    }
}

TEST_F(McpHttp, AnAnswerMayBeAStreamThatStaysOpen) {
    on_call_ = [](const Seen& seen) {
        const Json other = {
            {"jsonrpc", "2.0"}, {"method", "notifications/message"}, {"params", Json::object()}};
        const std::string events =
            ": hello\n\n" + event(other) + event(reply_of(seen, text_result("streamed")));
        // What follows never comes to its end within the test's time.
        return stream(events + ":" + std::string(100'000, 'x')).drip(events.size() + 1, milliseconds(50));
    };
    EXPECT_EQ(call().text, "streamed");
}

TEST_F(McpHttp, TheServersOwnRequestsAreAnswered) {
    on_call_ = [](const Seen& seen) {
        return stream(event({{"jsonrpc", "2.0"}, {"id", "p"}, {"method", "ping"}}) +
                      event(reply_of(seen, text_result("done"))));
    };
    EXPECT_EQ(call().text, "done");
    // The call ends the I/O loop; the next one lets the answer go out.
    call();
    bool answered = false;
    for (const Seen& seen : web_.seen("/mcp")) answered |= seen.json.value("id", Json()) == "p";
    EXPECT_TRUE(answered);
}

// A server that asks for hundreds of answers at once would have us send hundreds of requests at once.
TEST_F(McpHttp, OfManyRequestsOfTheServerAFewAreAnswered) {
    on_call_ = [](const Seen& seen) {
        std::string events;
        for (int i = 0; i < 500; ++i)
            events += event({{"jsonrpc", "2.0"}, {"id", "p" + std::to_string(i)}, {"method", "ping"}});
        return stream(events + event(reply_of(seen, text_result("done"))));
    };
    EXPECT_EQ(call().text, "done");
    on_call_ = [](const Seen& seen) { return Act::json(reply_of(seen, text_result("done"))); };
    for (int i = 0; i < 20; ++i) call();
    int answered = 0;
    for (const Seen& seen : web_.seen("/mcp")) answered += seen.json.contains("result") ? 1 : 0;
    EXPECT_GE(answered, 1);
    EXPECT_LE(answered, 10);
}

TEST_F(McpHttp, AnAnswerOfThousandsOfMessagesIsNone) {
    const std::string note = event({{"jsonrpc", "2.0"}, {"method", "notifications/message"}});
    int notes = 999;
    on_call_ = [&](const Seen& seen) {
        std::string events;
        for (int i = 0; i < notes; ++i) events += note;
        return stream(events + event(reply_of(seen, text_result("done"))));
    };
    EXPECT_EQ(call().text, "done");
    notes = 1'000;
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
    EXPECT_NE(outcome.text.find("more than 1000 messages"), std::string::npos) << outcome.text;
}

TEST_F(McpHttp, ALostSessionIsBegunAgainAndTheCallRepeated) {
    session_ = "old";
    on_call_ = [this](const Seen& seen) {
        if (seen.header("Mcp-Session-Id") == "new") return Act::json(reply_of(seen, text_result("done")));
        session_ = "new";
        return Act::text("unknown session", 404);
    };
    EXPECT_EQ(call().text, "done");
    EXPECT_EQ(seen("initialize").size(), 2U);
    EXPECT_EQ(seen("tools/call").size(), 2U);
}

// Otherwise a session is begun that nobody uses and nobody ends.
TEST_F(McpHttp, CallsThatLoseTheSameSessionBeginOneOther) {
    session_ = "old";
    std::latch both(2);
    on_call_ = [&](const Seen& seen) {
        if (seen.header("Mcp-Session-Id") == "new") return Act::json(reply_of(seen, text_result("done")));
        if (seen.json["params"]["_meta"]["hil/idempotency-key"] == "one") session_ = "new";
        both.arrive_and_wait();
        return Act::text("unknown session", 404);
    };
    const auto two_calls = [&]() -> Task<std::vector<std::string>> {
        using asio::experimental::awaitable_operators::operator&&;
        Task<std::tuple<ToolOutcome, ToolOutcome>> calls =
            server_->call("act", Json::object(), "one") && server_->call("act", Json::object(), "two");
        const auto [one, two] = co_await std::move(calls);
        co_return std::vector<std::string>{one.text, two.text};
    };
    EXPECT_EQ(run_task(threads_, two_calls()), (std::vector<std::string>{"done", "done"}));
    EXPECT_EQ(seen("initialize").size(), 2U);
    EXPECT_EQ(seen("tools/call").size(), 4U);
}

TEST_F(McpHttp, ASessionIsEndedWhenTheWorkerEnds) {
    session_ = "session-1";
    on_delete_ = Act::text("Method not allowed", 405);  // as servers may
    call();
    run_task(threads_, server_->stop());
    const std::vector<Seen> ends = deletes();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].header("Mcp-Session-Id"), "session-1");
    EXPECT_EQ(ends[0].header("MCP-Protocol-Version"), "2025-06-18");
    EXPECT_EQ(ends[0].header("Authorization"), "Bearer t");
    EXPECT_EQ(ends[0].body, "");
}

TEST_F(McpHttp, WhereThereIsNoSessionNoneIsEnded) {
    call();
    run_task(threads_, server_->stop());
    EXPECT_EQ(deletes().size(), 0U);
}

TEST_F(McpHttp, AServerThatListsNoToolsIsLeftWithoutASession) {
    session_ = "session-1";
    lists_ = false;
    settings_.start_timeout = milliseconds(1'000);
    make();
    EXPECT_THROW(run_task(threads_, server_->tools()), ToolServerDown);
    run_task(threads_, server_->stop());
    EXPECT_GE(deletes().size(), 1U);
    EXPECT_EQ(deletes().size(), seen("initialize").size());
}

TEST_F(McpHttp, AServerThatRefusesTheHandshakeIsTalkedToWithoutOne) {
    web_.on("/mcp", [this](const Seen& seen) {
        if (seen.json.value("method", "") != "initialize") return answer(seen);
        const Json data = {{"supported", {"2026-07-28"}}};
        const Json error = {{"code", -32022}, {"message", "no"}, {"data", data}};
        return Act::json({{"jsonrpc", "2.0"}, {"id", seen.json["id"]}, {"error", error}}, 400);
    });
    EXPECT_EQ(call().text, "done");
    EXPECT_EQ(seen("notifications/initialized").size(), 0U);
    const Seen made = seen("tools/call").at(0);
    EXPECT_EQ(made.header("MCP-Protocol-Version"), "2026-07-28");
    EXPECT_EQ(made.header("Mcp-Method"), "tools/call");
    EXPECT_EQ(made.header("Mcp-Name"), "act");
    EXPECT_EQ(made.json["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    EXPECT_EQ(made.json["params"]["_meta"]["hil/idempotency-key"], "key-1");
}

TEST_F(McpHttp, WhatIsCutOffMayHaveHadAnEffect) {
    on_call_ = [](const Seen& seen) { return stream(event(reply_of(seen, text_result("never")))).cut(30); };
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
    EXPECT_NE(outcome.text.find("not known whether"), std::string::npos) << outcome.text;
    EXPECT_EQ(seen("tools/call").size(), 1U) << "it is not repeated";
}

TEST_F(McpHttp, AnErrorOfTheServerIsToldToTheModel) {
    on_call_ = [](const Seen& seen) {
        return Act::json({{"jsonrpc", "2.0"},
                          {"id", seen.json["id"]},
                          {"error", {{"code", -32602}, {"message", "no such tool"}}}});
    };
    EXPECT_EQ(call().text, "tool server web: error -32602: no such tool");
    on_call_ = [](const Seen&) { return Act::text("<html>Bad gateway</html>", 502); };
    EXPECT_NE(call().text.find("HTTP 502: <html>Bad gateway"), std::string::npos);
    on_call_ = [](const Seen&) { return Act::text("hello", 200); };
    EXPECT_TRUE(call().is_error);
}

TEST_F(McpHttp, ASilentServerIsGivenUp) {
    on_call_ = [](const Seen&) { return Act::silence(); };
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
}

TEST_F(McpHttp, AServerThatIsNotThereIsDown) {
    web_.down();
    settings_.start_timeout = milliseconds(100);
    const auto server = Server::make(
        threads_, settings_, [this](asio::any_io_executor strand, Transport::OnMessage on_message) {
            HttpAddress address{web_.url() + "/mcp", {}, AddressPolicy::everything()};
            return std::make_shared<Http>(client_, std::move(strand), std::move(address),
                                          std::move(on_message));
        });
    EXPECT_THROW(run_task(threads_, server->tools()), ToolServerDown);
    run_task(threads_, server->stop());
}

TEST_F(McpHttp, PrivateAddressesAreRefused) {
    settings_.start_timeout = milliseconds(100);
    const auto server = Server::make(
        threads_, settings_, [this](asio::any_io_executor strand, Transport::OnMessage on_message) {
            HttpAddress address{web_.url() + "/mcp", {}, AddressPolicy::public_only()};
            return std::make_shared<Http>(client_, std::move(strand), std::move(address),
                                          std::move(on_message));
        });
    EXPECT_THROW(run_task(threads_, server->tools()), ToolServerDown);
    EXPECT_EQ(web_.seen("/mcp").size(), 0U);
    run_task(threads_, server->stop());
}

}  // namespace
}  // namespace hil::worker::mcp
