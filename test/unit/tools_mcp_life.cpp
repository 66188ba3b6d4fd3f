// How tool servers that are programs end, and what they say meanwhile.
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <fstream>
#include <tuple>

#include "http/curl_client.hpp"
#include "mcp_support.hpp"
#include "tools/registry.hpp"

namespace hil::worker::mcp {
namespace {

class McpLife : public McpStdio {
  protected:
    // A server that goes on with `after` when its input has ended.
    static std::string until_the_end_of_input(const std::string& after) {
        return script("reply done") + after;
    }

    std::unique_ptr<Tools> all_of(const std::vector<std::string>& shells,
                                  const std::vector<std::string>& variables = {}) {
        ToolsConfig config;
        for (const std::string& shell : shells) {
            McpServerConfig server;
            server.name = "fake" + std::to_string(config.servers.size());
            server.command = {"sh", "-c", shell};
            server.env = variables;
            server.start_timeout = milliseconds(2'000);
            config.servers.push_back(server);
        }
        return make_tools(config, "", threads_, client_);
    }

    inline static const std::string changed =
        R"(echo '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}')";

    CurlClient client_{threads_, 1};
};

TEST_F(McpLife, TheEndOfItsInputIsTheEndOfAProgram) {
    serve(until_the_end_of_input("echo ended > " + path("end")));
    EXPECT_EQ(call().text, "done");
    run_task(threads_, server_->stop());
    EXPECT_EQ(read("end"), "ended\n");
    EXPECT_NE(call().text.find("hil-worker is ending"), std::string::npos) << "it is not begun again";
}

TEST_F(McpLife, AProgramThatGoesOnIsToldToEnd) {
    serve("trap 'echo told > " + path("end") + "; exit' TERM\n" +
          until_the_end_of_input("while :; do sleep 0.05; done"));
    EXPECT_EQ(call().text, "done");
    run_task(threads_, server_->stop());
    EXPECT_EQ(read("end"), "told\n");
}

// Each ends only when the other has been told to end.
TEST_F(McpLife, AllServersEndSideBySide) {
    const auto waits_for = [&](const std::string& own, const std::string& other) {
        return "trap '' TERM\n" +
               until_the_end_of_input("touch " + path(own) + "\nwhile [ ! -e " + path(other) +
                                      " ]; do sleep 0.05; done\ntouch " + path(own + "-ended"));
    };
    const auto tools = all_of({waits_for("one", "two"), waits_for("two", "one")});
    std::vector<std::string> missing;
    EXPECT_EQ(run_task(threads_, tools->matching({"*"}, missing)).size(), 2U);
    run_task(threads_, tools->stop());
    EXPECT_TRUE(std::filesystem::exists(path("one-ended")));
    EXPECT_TRUE(std::filesystem::exists(path("two-ended")));
}

TEST_F(McpLife, WhatTheProgramStartedEndsWithIt) {
    serve("sleep 1000 & echo $! > " + path("sleeper") + "\n" + script("reply done"));
    EXPECT_EQ(call().text, "done");
    const pid_t sleeper = std::stoi(read("sleeper"));
    run_task(threads_, server_->stop());
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

// What it began is ended in order too, before it is begun again.
TEST_F(McpLife, AServerOfAnUnknownVersionIsLeft) {
    settings_.start_timeout = milliseconds(1'500);
    serve("echo begun >> " + path("life") +
          "\nread -r line\nprintf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":"
          "\"1999-01-01\",\"capabilities\":{}}}\\n'\ncat > /dev/null\necho ended >> " +
          path("life"));
    EXPECT_THROW(tools(), ToolServerDown);
    run_task(threads_, server_->stop());
    const std::string life = read("life");
    for (std::size_t at = 0; at < life.size(); at += 12) EXPECT_EQ(life.substr(at, 12), "begun\nended\n");
}

TEST_F(McpLife, WhoStopsAServerThatIsBeingLeftWaitsForItsEnd) {
    settings_.start_timeout = milliseconds(100);
    serve("trap 'echo told > " + path("end") +
          "; exit' TERM\nread -r line\nprintf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\\n'\n"
          "while :; do sleep 0.05; done");
    EXPECT_THROW(tools(), ToolServerDown);
    run_task(threads_, server_->stop());
    EXPECT_EQ(read("end"), "told\n");
}

// Which does one thing at a time, and says in the middle of a call that its list has changed.
TEST_F(McpLife, ACallIsNotLostWhereTheListFails) {
    settings_.start_timeout = milliseconds(2'000);
    serve("echo begun >> " + path("life") + "\n" +
          script(changed +
                 "; echo '{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}'; own=$id; "
                 "read -r pong; touch " +
                 path("called") + "; while [ ! -e " + path("go") +
                 " ]; do sleep 0.05; done; id=$own; reply refunded"));
    EXPECT_EQ(tools().size(), 1U);
    const auto list_meanwhile = [&]() -> Task<std::size_t> {
        asio::steady_timer pause(threads_.io());
        while (!std::filesystem::exists(path("called"))) {
            pause.expires_after(milliseconds(5));
            co_await pause.async_wait(asio::use_awaitable);
        }
        Task<std::vector<ServerTool>> asked = server_->tools();
        const std::vector<ServerTool> offered = co_await std::move(asked);
        std::ofstream(path("go")) << "go";
        co_return offered.size();
    };
    const auto both = [&]() -> Task<std::string> {
        using asio::experimental::awaitable_operators::operator&&;
        Task<std::tuple<ToolOutcome, std::size_t>> ends =
            server_->call("act", Json::object(), "key-1") && list_meanwhile();
        const auto [outcome, offered] = co_await std::move(ends);
        co_return outcome.text + " " + std::to_string(offered);
    };
    EXPECT_EQ(run_task(threads_, both()), "refunded 1");
    EXPECT_EQ(read("life"), "begun\n");
}

TEST_F(McpLife, AListThatAlwaysChangesIsTakenAsItIs) {
    settings_.start_timeout = milliseconds(2'000);
    serve(script("reply done", changed + "; echo listed >> " + path("lists")));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(tools().size(), 1U);
    EXPECT_EQ(call().text, "done");
    EXPECT_EQ(read("lists"), "listed\nlisted\n") << "and again only after a while";
}

// The protocol forbids it.
TEST_F(McpLife, TheGreetingIsNeverCalledOff) {
    settings_.start_timeout = milliseconds(100);
    serve("cat >> " + path("said"));
    EXPECT_THROW(tools(), ToolServerDown);
    run_task(threads_, server_->stop());
    EXPECT_NE(read("said").find("initialize"), std::string::npos);
    EXPECT_EQ(read("said").find("cancelled"), std::string::npos) << read("said");
}

TEST_F(McpLife, WhatAProgramSaysIsLoggedWithoutItsSecrets) {
    setenv("HIL_TEST_TOKEN", "tulips-1893", 1);
    setenv("HIL_TEST_KEY", "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END-----\n", 1);
    // Which may be read while somebody writes: what a program says may be on its way after its end.
    const auto lines = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1'000);
    const auto before = spdlog::default_logger();
    const auto logger = std::make_shared<spdlog::logger>("", lines);
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(logger);
    const auto tools = all_of(
        {"echo \"hello $HIL_TEST_TOKEN\" >&2; echo \"$HIL_TEST_KEY\" >&2\n"
         // The cut of a long line would leave a part of the secret in it.
         "{ head -c 994 /dev/zero | tr '\\0' .; echo \"$HIL_TEST_TOKEN\"; } >&2\n"
         "read -r line\nprintf '{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"not "
         "%s\",\"data\":{\"supported\":[]}}}\\n' \"$HIL_TEST_TOKEN\"\ncat > /dev/null\nprintf 'bye' >&2"},
        {"HIL_TEST_TOKEN", "HIL_TEST_KEY"});
    std::vector<std::string> missing;
    std::string error;
    try {
        run_task(threads_, tools->matching({"*"}, missing));
    } catch (const ToolServerDown& down) {
        error = down.what();
    }
    run_task(threads_, tools->stop());
    spdlog::set_default_logger(before);
    std::string log;
    for (const std::string& line : lines->last_formatted()) log += line;
    EXPECT_NE(log.find("fake0: hello [hidden]"), std::string::npos) << log;
    EXPECT_NE(log.find("not [hidden]"), std::string::npos) << log;
    EXPECT_NE(error.find("not [hidden]"), std::string::npos) << error;
    for (const char* part : {"tulip", "MIIEv"}) {
        EXPECT_EQ(log.find(part), std::string::npos) << log;
        EXPECT_EQ(error.find(part), std::string::npos) << error;
    }
    unsetenv("HIL_TEST_TOKEN");
    unsetenv("HIL_TEST_KEY");
}

}  // namespace
}  // namespace hil::worker::mcp
