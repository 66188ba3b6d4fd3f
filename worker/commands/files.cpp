#include "commands/files.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "db/connection.hpp"
#include "llm/rules_file.hpp"

namespace hil::worker {
namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    // Copying nothing would count as a failure.
    const bool empty = file.peek() == std::ifstream::traits_type::eof() && file.is_open() && !file.bad();
    if (!empty && (!file || !(text << file.rdbuf()))) throw std::runtime_error(path + " cannot be read");
    return text.str();
}

void print(const std::string& path, const char* kind, const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) {
        std::cerr << path << ':' << mistake.line << ':' << mistake.column << ": " << kind << ": "
                  << mistake.message << '\n';
    }
}

}  // namespace

Config configuration(const std::string& path) {
    const std::string text = path.empty() ? "" : read_file(path);
    ConfigResult result = read_config(text, std::filesystem::path(path).parent_path());
    print(path, "error", result.errors);
    if (!result.config) throw Mistakes(path);
    const char* url = std::getenv("HIL_DATABASE_URL");
    if (url != nullptr && *url != '\0') result.config->database_url = url;
    return std::move(*result.config);
}

std::optional<std::string> rules(const Config& config) {
    if (!config.rules) return std::nullopt;
    std::string text = read_file(config.rules->string());
    const llm::RulesResult result = llm::read_rules(text);
    print(config.rules->string(), "error", result.errors);
    if (!result.rules) throw Mistakes(config.rules->string());
    return text;
}

void require_connection_string(const Config& config) {
    if (is_connection_string(config.database_url)) return;
    throw std::runtime_error(
        "database_url (or HIL_DATABASE_URL) is no valid connection string. In a URL, special characters of "
        "the user and "
        "the password are percent-encoded: % is %25, @ is %40, / is %2F, : is %3A");
}

LoadedWorkflow workflow(const std::string& path, const Config& config) {
    rules(config);
    LoadResult result = load_workflow_text(read_file(path), config.catalogue);
    print(path, "warning", result.warnings);
    print(path, "error", result.errors);
    if (!result.loaded) throw Mistakes(path);
    return std::move(*result.loaded);
}

}  // namespace hil::worker
