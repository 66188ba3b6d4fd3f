#include "config/environment.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string_view>

#include "config/secrets.hpp"

namespace hil::worker {
namespace {

constexpr bool stops = true;

// What every program of an MCP server gets.
constexpr std::array<std::string_view, 6> always_given = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"};

bool is_set(const std::string& variable) {
    const char* value = std::getenv(variable.c_str());
    return value != nullptr && *value != '\0';
}

// The NAMEs of all ${NAME} in a text.
std::vector<std::string> named_in(const std::string& text) {
    std::vector<std::string> names;
    for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 1)) {
        const std::size_t end = text.find('}', at);
        if (end == std::string::npos) break;  // with_secrets() leaves it as it is
        const std::string name = text.substr(at + 2, end - at - 2);
        if (is_variable_name(name)) names.push_back(name);
    }
    return names;
}

class Search {
  public:
    void needs(const std::string& who, const std::string& variable) {
        if (!is_set(variable))
            add("the environment does not have " + variable + ", which " + who + " needs", stops);
    }

    void needs(const std::string& who, const WebTexts& texts) {
        for (const auto& entry : texts)
            for (const std::string& variable : named_in(entry.second)) needs(who, variable);
    }

    void server(const McpServerConfig& server) {
        const std::string who = "the MCP server " + server.name;
        needs(who, server.headers);
        for (const std::string& variable : server.env) is_to_get(who, variable);
        for (const std::string& word : server.command)
            for (const std::string& variable : named_in(word))
                if (!gets(server, variable)) is_not_replaced(who, variable);
    }

    std::vector<UnsetVariable> take() { return std::move(found_); }

  private:
    void is_to_get(const std::string& who, const std::string& variable) {
        if (!is_set(variable))
            add("the environment does not have " + variable + ", which " + who + " is to get", !stops);
    }

    void is_not_replaced(const std::string& who, const std::string& variable) {
        add("the command of " + who + " has ${" + variable +
                "}, which hil does not replace; a program gets a variable that `env` names",
            !stops);
    }

    static bool gets(const McpServerConfig& server, const std::string& variable) {
        return std::find(server.env.begin(), server.env.end(), variable) != server.env.end() ||
               std::find(always_given.begin(), always_given.end(), variable) != always_given.end();
    }

    void add(const std::string& message, bool ends_all) {
        if (said_.insert(message).second) found_.push_back({message, ends_all});
    }

    std::set<std::string> said_;
    std::vector<UnsetVariable> found_;
};

}  // namespace

std::vector<UnsetVariable> unset_variables(const Config& config) {
    Search search;
    for (const ProviderConfig& provider : config.providers) {
        const std::string who = "the provider " + provider.name;
        if (!provider.api_key_env.empty()) search.needs(who, provider.api_key_env);
        search.needs(who, provider.headers);
        search.needs(who, provider.query);
    }
    for (const HttpToolConfig& tool : config.tools.http) {
        search.needs("the tool " + tool.name, tool.headers);
        search.needs("the tool " + tool.name, tool.query);
    }
    for (const McpServerConfig& server : config.tools.servers) search.server(server);
    return search.take();
}

}  // namespace hil::worker
