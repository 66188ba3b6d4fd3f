#include "commands/files.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "db/connection_string.hpp"
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

std::string url_of_environment() {
    const char* url = std::getenv("HIL_DATABASE_URL");
    return url == nullptr ? "" : url;
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
    if (const std::string url = url_of_environment(); !url.empty()) result.config->database_url = url;
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
    const auto problem = connection_string_problem(config.database_url);
    if (!problem) return;
    throw std::runtime_error((url_of_environment().empty() ? "database_url of the configuration "
                                                           : "the environment's HIL_DATABASE_URL ") +
                             *problem);
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
