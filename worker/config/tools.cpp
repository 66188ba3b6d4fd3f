#include "config/tools.hpp"

#include <algorithm>
#include <map>

#include "config/secrets.hpp"
#include "core/spelling.hpp"
#include "core/text.hpp"
#include "tools/http_request.hpp"
#include "tools/parameters.hpp"
#include "tools/tool_name.hpp"

namespace hil::worker {
namespace {

constexpr int least_result = 256, longest_result = 1'048'576;
constexpr double least_timeout = 0.1, longest_timeout = 600;

Reader::Take parameters(Reader& reader, Json& into) {
    return [&reader, &into](const Json& value, const std::string& pointer) {
        try {
            const ToolParameters checked(value);
            into = value;
        } catch (const SchemaError& error) {
            reader.mistake(pointer + error.pointer(), error.what());
        }
    };
}

// What a variable stands for is not known here, and is no template.
std::string without_variables(std::string text) {
    for (std::size_t start = 0; (start = text.find("${", start)) != std::string::npos;) {
        const std::size_t end = text.find('}', start);
        if (end == std::string::npos) break;
        text.erase(start, end - start + 1);
    }
    return text;
}

// Every argument of the URL has to be one that the model is asked for.
void check_template(Reader& reader, const std::string& at, const HttpToolConfig& tool) {
    try {
        WebTexts query = tool.query;
        for (auto& [name, text] : query) text = without_variables(text);
        const HttpTemplate made(tool.url, query);
        const Json properties = tool.parameters.value("properties", Json::object());
        const Json required = tool.parameters.value("required", Json::array());
        for (const std::string& name : made.names())
            if (!properties.contains(name))
                reader.mistake_at_key(at, "{" + name + "} is no property of the tool's parameters");
        for (const std::string& name : made.path.names())
            if (std::find(required.begin(), required.end(), name) == required.end())
                reader.mistake_at_key(
                    at, "{" + name + "} stands in the path, so it must be a required parameter");
    } catch (const BadTemplate& error) {
        reader.mistake_at_key(at, error.what());
    }
}

void read_http(Reader& reader, const std::string& name, const Json& value, const std::string& at,
               ToolsConfig& tools) {
    HttpToolConfig tool;
    tool.name = name;
    std::string kind, body;
    int retries = -1;
    reader.object(value, at,
                  {{"kind", reader.text(kind)},
                   {"description", reader.text(tool.description)},
                   {"method", reader.one_of(tool.method, {"GET", "POST", "PUT", "PATCH", "DELETE"})},
                   {"url", web_url(reader, tool.url, /*has_arguments=*/true)},
                   {"query", web_query(reader, tool.query)},
                   {"headers", web_headers(reader, tool.headers)},
                   {"parameters", parameters(reader, tool.parameters)},
                   {"body", reader.one_of(body, {"none", "rest"})},
                   {"timeout_seconds", reader.seconds(tool.timeout, least_timeout, longest_timeout)},
                   {"max_result_bytes", reader.integer(tool.max_result_bytes, least_result, longest_result)},
                   {"retries", reader.integer(retries, 0, 5)},
                   {"idempotency_header",
                    [&](const Json& header, const std::string& pointer) {
                        reader.text(tool.idempotency_header)(header, pointer);
                        if (!is_header_name(tool.idempotency_header))
                            reader.mistake(pointer, "this cannot be the name of a header");
                    }},
                   {"allow_private", addresses(reader, tool.addresses)}});
    for (const char* key : {"description", "url"})
        if (!value.contains(key)) reader.mistake_at_key(at, std::string("`") + key + "` is missing");
    const bool usually_has_body = tool.method != "GET" && tool.method != "DELETE";
    tool.sends_body = body.empty() ? usually_has_body : body == "rest";
    tool.retries = retries >= 0 ? retries : tool.method == "GET" ? 2 : 0;
    if (!tool.url.empty()) check_template(reader, at, tool);
    tools.http.push_back(std::move(tool));
}

bool is_function_name(const std::string& text) {
    const auto is_part = [](std::string_view part) {
        return !part.empty() && is_variable_name(std::string(part));
    };
    const std::size_t dot = text.find('.');
    return dot != std::string::npos && is_part(text.substr(0, dot)) && is_part(text.substr(dot + 1));
}

void read_sql(Reader& reader, const std::string& name, const Json& value, const std::string& at,
              ToolsConfig& tools) {
    SqlToolConfig tool;
    tool.name = name;
    std::string kind;
    reader.object(
        value, at,
        {{"kind", reader.text(kind)},
         {"description", reader.text(tool.description)},
         {"function",
          [&](const Json& function, const std::string& pointer) {
              reader.text(tool.function)(function, pointer);
              if (!is_function_name(tool.function))
                  reader.mistake(pointer, "expected SCHEMA.FUNCTION, as in shop.refund");
          }},
         {"read_only", reader.boolean(tool.read_only)},
         {"parameters", parameters(reader, tool.parameters)},
         {"timeout_seconds", reader.seconds(tool.timeout, least_timeout, longest_timeout)},
         {"max_result_bytes", reader.integer(tool.max_result_bytes, least_result, longest_result)}});
    for (const char* key : {"description", "function"})
        if (!value.contains(key)) reader.mistake_at_key(at, std::string("`") + key + "` is missing");
    tools.sql.push_back(std::move(tool));
}

void read_tool(Reader& reader, const std::string& name, const Json& value, const std::string& at,
               ToolsConfig& tools) {
    if (!is_tool_name(name))
        return reader.mistake_at_key(at,
                                     "a tool's name is letters, digits, _ and - in parts joined by dots, and "
                                     "neither handover_to_human nor final_answer");
    const Json kind = value.is_object() ? value.value("kind", Json()) : Json();
    if (kind == "http") return read_http(reader, name, value, at, tools);
    if (kind == "sql") return read_sql(reader, name, value, at, tools);
    const std::string given = kind.is_string() ? kind.get<std::string>() : "";
    reader.mistake_at_key(at, "a tool has `kind: http` or `kind: sql`" +
                                  (given.empty() ? "" : ", not " + in_quotes(given)) +
                                  "; MCP servers stand under mcp_servers" +
                                  did_you_mean(given, std::vector<std::string>{"http", "sql"}));
}

void read_server(Reader& reader, const std::string& name, const Json& value, const std::string& at,
                 ToolsConfig& tools) {
    McpServerConfig server;
    server.name = name;
    if (!is_tool_name(name))
        return reader.mistake_at_key(at,
                                     "a server's name is letters, digits, _ and - in parts joined by dots");
    reader.object(
        value, at,
        {{"command", reader.texts(server.command)},
         {"env", reader.texts(server.env)},
         {"url", web_url(reader, server.url)},
         {"headers", web_headers(reader, server.headers)},
         {"allow_private", addresses(reader, server.addresses)},
         {"start_timeout_seconds", reader.seconds(server.start_timeout, least_timeout, longest_timeout)},
         {"timeout_seconds", reader.seconds(server.timeout, least_timeout, longest_timeout)},
         {"max_result_bytes", reader.integer(server.max_result_bytes, least_result, longest_result)},
         {"tools", reader.texts(server.tools)}});
    if (server.command.empty() == server.url.empty())
        reader.mistake_at_key(at,
                              "a server has either a `command` (a list: program and arguments) or a `url`");
    for (std::size_t i = 0; i < server.env.size(); ++i)
        if (!is_variable_name(server.env[i]))
            reader.mistake(pointer_to(pointer_to(at, "env"), i),
                           "name the variable that the program gets, not its value");
    tools.servers.push_back(std::move(server));
}

// Whether a tool of the server could have the name, also as models see it.
bool is_below(const std::string& name, const McpServerConfig& server) {
    return name.starts_with(server.name + ".") || wire_name(name).starts_with(wire_name(server.name + "."));
}

// A tool `eu.search` of crm and a tool `search` of crm.eu would be one.
void check_server_names(Reader& reader, const std::vector<McpServerConfig>& servers) {
    for (const McpServerConfig& server : servers)
        for (const McpServerConfig& other : servers)
            if (&server != &other && is_below(server.name + ".", other))
                reader.mistake_at_key(
                    pointer_to("/mcp_servers", server.name),
                    "the tools of this server could have the names of those of " + other.name);
}

}  // namespace

void add_tool_keys(Reader& reader, Reader::Keys& keys, ToolsConfig& tools) {
    keys["tools"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& tool, const std::string& at) {
            read_tool(reader, name, tool, at, tools);
        });
    };
    keys["mcp_servers"] = [&](const Json& value, const std::string& pointer) {
        reader.named(value, pointer, [&](const std::string& name, const Json& server, const std::string& at) {
            read_server(reader, name, server, at, tools);
        });
    };
    keys["sql_tool_connections"] = reader.integer(tools.sql_connections, 1, 32);
}

void check_tool_names(Reader& reader, const ToolsConfig& tools) {
    std::map<std::string, std::string> by_wire_name;
    const auto check = [&](const std::string& name) {
        const std::string at = pointer_to("/tools", name);
        const auto [earlier, is_new] = by_wire_name.emplace(wire_name(name), name);
        if (!is_new)
            reader.mistake_at_key(at, "models cannot tell this name from " + earlier->second + ": both are " +
                                          earlier->first + " to them");
        for (const McpServerConfig& server : tools.servers)
            if (is_below(name, server))
                reader.mistake_at_key(
                    at, "names that begin with " + server.name + ". are those of the MCP server's tools");
    };
    for (const HttpToolConfig& tool : tools.http) check(tool.name);
    for (const SqlToolConfig& tool : tools.sql) check(tool.name);
    check_server_names(reader, tools.servers);
}

std::vector<std::string> ToolsConfig::names() const {
    std::vector<std::string> names;
    for (const HttpToolConfig& tool : http) names.push_back(tool.name);
    for (const SqlToolConfig& tool : sql) names.push_back(tool.name);
    for (const McpServerConfig& server : servers) names.push_back(server.name + ".*");
    return names;
}

}  // namespace hil::worker
