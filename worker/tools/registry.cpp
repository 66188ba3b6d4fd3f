#include "tools/registry.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <system_error>
#include <utility>

#include "config/secrets.hpp"
#include "tools/http_tool.hpp"
#include "tools/mcp/http.hpp"
#include "tools/mcp/server_tool.hpp"
#include "tools/mcp/stdio.hpp"
#include "tools/sql_tool.hpp"
#include "workflow/tool_pattern.hpp"

namespace hil::worker {
namespace {

bool is_needed(const mcp::Server& server, const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return may_match_below(pattern, server.settings().name + ".");
    });
}

std::shared_ptr<mcp::Server> make_server(McpServerConfig config, Threads& threads, HttpClient& client) {
    std::vector<std::string> missing;
    config.headers = with_secrets(config.headers, missing);
    for (const std::string& variable : config.env) possible_secret(variable);
    const mcp::ServerSettings settings{config.name, config.start_timeout, config.timeout,
                                       static_cast<std::size_t>(config.max_result_bytes), config.tools};
    return mcp::Server::make(
        threads, settings,
        [&](asio::any_io_executor strand,
            mcp::Transport::OnMessage on_message) -> std::shared_ptr<mcp::Transport> {
            if (!config.command.empty())
                return std::make_shared<mcp::Stdio>(threads.io(), std::move(strand), config.name,
                                                    config.command, config.env, std::move(on_message));
            const Headers headers(config.headers.begin(), config.headers.end());
            return std::make_shared<mcp::Http>(client, std::move(strand),
                                               mcp::HttpAddress{config.url, headers, config.addresses},
                                               std::move(on_message));
        });
}

}  // namespace

ToolRegistry::ToolRegistry(std::vector<std::shared_ptr<Tool>> tools,
                           std::vector<std::shared_ptr<mcp::Server>> servers)
    : tools_(std::move(tools)), servers_(std::move(servers)) {}

Task<std::vector<std::shared_ptr<Tool>>> ToolRegistry::matching(const std::vector<std::string>& patterns,
                                                                std::vector<std::string>& missing) {
    std::vector<std::shared_ptr<Tool>> candidates = tools_;
    for (const auto& server : servers_) {
        if (!is_needed(*server, patterns)) continue;
        const std::vector<mcp::ServerTool> found = co_await server->tools();
        for (const mcp::ServerTool& tool : found)
            candidates.push_back(std::make_shared<mcp::McpTool>(server, tool));
    }
    std::vector<std::shared_ptr<Tool>> matched;
    for (const auto& tool : candidates)
        if (std::any_of(patterns.begin(), patterns.end(),
                        [&](const std::string& pattern) { return matches(pattern, tool->name()); }))
            matched.push_back(tool);
    std::sort(matched.begin(), matched.end(),
              [](const auto& one, const auto& other) { return one->name() < other->name(); });
    for (const std::string& pattern : patterns)
        if (std::none_of(matched.begin(), matched.end(),
                         [&](const auto& tool) { return matches(pattern, tool->name()); }))
            missing.push_back(pattern);
    co_return matched;
}

// Side by side: each may take its time.
Task<> ToolRegistry::stop() {
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    asio::steady_timer all_stopped(here, asio::steady_timer::time_point::max());
    std::size_t left = servers_.size();
    for (const auto& server : servers_) {
        asio::co_spawn(here, server->stop(), [&](const std::exception_ptr&) {
            if (--left == 0) all_stopped.cancel();
        });
    }
    std::error_code ignored;
    if (left > 0) co_await all_stopped.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

std::vector<std::string> ToolRegistry::configured() const {
    std::vector<std::string> names;
    for (const auto& tool : tools_) names.push_back(tool->name());
    for (const auto& server : servers_) names.push_back(server->settings().name + ".*");
    return names;
}

std::unique_ptr<Tools> make_tools(const ToolsConfig& config, const std::string& database_url,
                                  Threads& threads, HttpClient& client) {
    std::vector<std::string> none;
    std::vector<std::shared_ptr<Tool>> tools;
    for (HttpToolConfig tool : config.http) {
        tool.headers = with_secrets(tool.headers, none);
        tool.query = with_secrets(tool.query, none);
        tools.push_back(std::make_shared<HttpTool>(std::move(tool), threads, client));
    }
    if (!config.sql.empty()) {
        const auto pool = std::make_shared<SqlPool>(threads, database_url, config.sql_connections);
        for (const SqlToolConfig& tool : config.sql) tools.push_back(std::make_shared<SqlTool>(tool, pool));
    }
    std::vector<std::shared_ptr<mcp::Server>> servers;
    for (const McpServerConfig& server : config.servers)
        servers.push_back(make_server(server, threads, client));
    return std::make_unique<ToolRegistry>(std::move(tools), std::move(servers));
}

}  // namespace hil::worker
