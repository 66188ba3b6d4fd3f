// A tool server that is a shell script, since most of them do what no library for servers would let them do.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "task_support.hpp"
#include "tools/mcp/server.hpp"
#include "tools/mcp/stdio.hpp"

namespace hil::worker::mcp {

using std::chrono::milliseconds;

inline const std::string greeting =
    R"('{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}}}}\n')";
inline const std::string list =
    R"('{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"act","inputSchema":{"type":"object"}}]}}\n')";
inline const std::string result =
    R"('{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%s"}]}}\n')";

// A server in shell: answers the greeting and the list, and does `on_call` for a call. There, `reply TEXT`
// answers.
inline std::string script(const std::string& on_call, const std::string& before_list = ":") {
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
        if (server_) run_task(threads_, server_->stop());
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

}  // namespace hil::worker::mcp
