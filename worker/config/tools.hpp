// The part of the configuration that says which tools there are.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "config/web.hpp"

namespace hil::worker {

struct HttpToolConfig {
    std::string name, description;
    std::string method = "GET";
    std::string url;  // with {argument} in its path
    Json parameters = Json::object();
    WebTexts query, headers;
    bool sends_body = false;
    std::chrono::milliseconds timeout{20'000};
    int max_result_bytes = 32'768;
    int retries = 0;
    std::string idempotency_header = "Idempotency-Key";
    std::shared_ptr<const AddressPolicy> addresses = AddressPolicy::public_only();
};

struct SqlToolConfig {
    std::string name, description;
    std::string function;  // schema.function
    bool read_only = true;
    Json parameters = Json::object();
    std::chrono::milliseconds timeout{10'000};
    int max_result_bytes = 32'768;
};

// Either a command or a URL.
struct McpServerConfig {
    std::string name;
    std::vector<std::string> command;
    std::vector<std::string> env;  // names of variables that the program gets
    std::string url;
    WebTexts headers;
    std::shared_ptr<const AddressPolicy> addresses = AddressPolicy::public_only();
    std::chrono::milliseconds start_timeout{20'000}, timeout{30'000};
    int max_result_bytes = 32'768;
    std::vector<std::string> tools;  // those that exist for hil; empty: all
};

struct ToolsConfig {
    std::vector<HttpToolConfig> http;
    std::vector<SqlToolConfig> sql;
    std::vector<McpServerConfig> servers;
    int sql_connections = 2;

    // The names of tools, and "SERVER.*" for each MCP server.
    std::vector<std::string> names() const;
};

// Adds the keys `tools`, `mcp_servers` and `sql_tool_connections`. `reader` and `tools` outlive the keys.
void add_tool_keys(Reader& reader, Reader::Keys& keys, ToolsConfig& tools);

// Notes names that cannot stand beside one another; to be called when both keys were read.
void check_tool_names(Reader& reader, const ToolsConfig& tools);

}  // namespace hil::worker
