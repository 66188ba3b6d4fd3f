#include "commands/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <system_error>

#include "commands/excerpt.hpp"
#include "db/connection_string.hpp"
#include "llm/rules_file.hpp"

namespace hil::worker {
namespace {

// `what`: what the file is, where its path alone would not tell whoever is to mend it.
std::string read_file(const std::string& what, const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    // Copying nothing would count as a failure.
    const bool empty = file.peek() == std::ifstream::traits_type::eof() && file.is_open() && !file.bad();
    if (!empty && (!file || !(text << file.rdbuf())))
        throw std::runtime_error(what + " " + path + " cannot be read: " +
                                 std::generic_category().message(errno != 0 ? errno : EIO));
    return text.str();
}

std::string url_of_environment() {
    const char* url = std::getenv("HIL_DATABASE_URL");
    return url == nullptr ? "" : url;
}

// `source`: the file, of which the lines are shown; "" where they may hold secrets.
void print(const std::string& path, const char* kind, const std::vector<Mistake>& mistakes,
           const std::string& source) {
    for (const Mistake& mistake : mistakes) {
        std::cerr << path << ':' << mistake.line << ':' << mistake.column << ": " << kind << ": "
                  << mistake.message << '\n'
                  << excerpt(source, mistake);
    }
}

}  // namespace

Config configuration(const std::string& path) {
    const std::string text = path.empty() ? "" : read_file("the configuration", path);
    ConfigResult result = read_config(text, std::filesystem::path(path).parent_path());
    print(path, "error", result.errors, "");
    if (!result.config) throw Mistakes(path);
    if (const std::string url = url_of_environment(); !url.empty()) result.config->database_url = url;
    return std::move(*result.config);
}

std::optional<std::string> rules(const Config& config) {
    if (!config.rules) return std::nullopt;
    std::string text = read_file("the file of `rules`", config.rules->string());
    const llm::RulesResult result = llm::read_rules(text);
    print(config.rules->string(), "error", result.errors, text);
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
    const std::string source = read_file("the workflow", path);
    LoadResult result = load_workflow_text(source, config.catalogue);
    print(path, "warning", result.warnings, source);
    print(path, "error", result.errors, source);
    if (!result.loaded) throw Mistakes(path);
    return std::move(*result.loaded);
}

}  // namespace hil::worker
