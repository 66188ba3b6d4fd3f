// Tools of real servers: the protocol's own reference server, from npm, by both transports.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "../unit/task_support.hpp"
#include "fixture.hpp"
#include "http/curl_client.hpp"
#include "mcp_folder.hpp"
#include "tools/registry.hpp"

namespace hil::test {
namespace {

using worker::AddressPolicy;
using worker::CallContext;
using worker::McpServerConfig;
using worker::run_task;
using worker::Tool;
using worker::ToolOutcome;
using worker::ToolsConfig;

class ToolsMcp : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string missing = mcp_is_missing(); !missing.empty()) GTEST_SKIP() << missing;
    }

    std::shared_ptr<Tool> tool(worker::Tools& tools, const std::string& name) {
        std::vector<std::string> missing;
        const auto found = run_task(threads_, tools.matching({name}, missing));
        if (found.size() != 1) throw std::runtime_error(name + " is not there");
        return found[0];
    }

    ToolOutcome call(const std::shared_ptr<Tool>& tool, const Json& arguments) {
        CallContext context;
        context.idempotency_key = "hil-1-node-1";
        return run_task(threads_, tool->call(arguments, context));
    }

    void expect_everything(McpServerConfig server) {
        server.name = "everything";
        ToolsConfig config;
        config.servers = {std::move(server)};
        const auto tools = worker::make_tools(config, "", threads_, client_);
        EXPECT_EQ(tools->configured(), std::vector<std::string>{"everything.*"});
        const ToolOutcome echo = call(tool(*tools, "everything.echo"), {{"message", "hëllo\nworld"}});
        EXPECT_EQ(echo.text, "Echo: hëllo\nworld");
        EXPECT_FALSE(echo.is_error);
        const ToolOutcome sum = call(tool(*tools, "everything.get-sum"), {{"a", 20}, {"b", 22}});
        EXPECT_NE(sum.text.find("42"), std::string::npos) << sum.text;
        const ToolOutcome image = call(tool(*tools, "everything.get-tiny-image"), Json::object());
        EXPECT_NE(image.text.find("[image, image/png, "), std::string::npos) << image.text;
        const ToolOutcome wrong = call(tool(*tools, "everything.get-sum"), {{"a", "x"}});
        EXPECT_TRUE(wrong.is_error);
        std::vector<std::string> missing;
        EXPECT_GT(run_task(threads_, tools->matching({"everything.*", "other.*"}, missing)).size(), 5U);
        EXPECT_EQ(missing, std::vector<std::string>{"other.*"});
    }

    worker::Threads threads_{2};
    worker::CurlClient client_{threads_, 8};
};

int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0)
        throw std::runtime_error("there is no free port");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    close(listener);
    return ntohs(address.sin_port);
}

TEST_F(ToolsMcp, TheReferenceServerByItsStandardInput) {
    McpServerConfig server;
    server.command = {"node", everything_server, "stdio"};
    expect_everything(server);
}

TEST_F(ToolsMcp, TheReferenceServerByHttp) {
    const std::string port = std::to_string(free_port());
    const std::string log = std::filesystem::temp_directory_path() / ("hil-everything." + port);
    const Process process({"node", everything_server, "streamableHttp"}, {{"PORT", port}}, log);
    ASSERT_TRUE(within_patience([&] { return process.output().find(port) != std::string::npos; }))
        << process.output();
    McpServerConfig server;
    server.url = "http://127.0.0.1:" + port + "/mcp";
    server.addresses = AddressPolicy::everything();
    expect_everything(server);
    std::filesystem::remove(log);
}

TEST_F(ToolsMcp, AServerThatTakesNoHandshake) {
    if (std::stoi(run({"node", "--print", "process.versions.node"})) < 20)
        GTEST_SKIP() << "it needs Node.js 20";
    ToolsConfig config;
    McpServerConfig server;
    server.name = "modern";
    server.command = {"node", modern_server};
    config.servers = {server};
    const auto tools = worker::make_tools(config, "", threads_, client_);
    EXPECT_EQ(call(tool(*tools, "modern.repeat"), {{"text", "hello"}}).text, "Again: hello");
}

TEST_F(ToolsMcp, AMailIsSentOnceForOneKey) {
    const std::string outbox =
        std::filesystem::temp_directory_path() / ("hil-outbox." + std::to_string(getpid()));
    setenv("GMAIL_OUTBOX", outbox.c_str(), 1);
    ToolsConfig config;
    McpServerConfig server;
    server.name = "gmail";
    server.command = {"node", gmail_server};
    server.env = {"GMAIL_OUTBOX"};
    config.servers = {server};
    const auto tools = worker::make_tools(config, "", threads_, client_);
    const auto send = tool(*tools, "gmail.send_email");
    const Json mail = {{"to", "a@example.com"}, {"subject", "Hello"}, {"body", "One\nTwo"}};
    EXPECT_EQ(call(send, mail).text, "Sent to a@example.com.");
    EXPECT_EQ(call(send, mail).text, "Sent to a@example.com.");
    const std::string sent = run({"cat", outbox});
    EXPECT_EQ(std::count(sent.begin(), sent.end(), '\n'), 1);
    EXPECT_EQ(Json::parse(sent)["key"], "hil-1-node-1");
    unsetenv("GMAIL_OUTBOX");
    std::filesystem::remove(outbox);
}

}  // namespace
}  // namespace hil::test
