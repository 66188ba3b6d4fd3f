#include "server.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <stdexcept>

extern char** environ;

namespace hil::bench {
namespace {

// Runs a program to its end.
void run(std::vector<std::string> command) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    int status = 0;
    if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        throw std::runtime_error(command[0] + " " + command.back() + " failed");
}

}  // namespace

void create_database(const std::string& name) { copy_database("template1", name); }

void copy_database(const std::string& from, const std::string& to) {
    Client client("postgres");
    client.execute("DROP DATABASE IF EXISTS " + to + " (FORCE)");
    client.execute("CREATE DATABASE " + to + " TEMPLATE " + from + " STRATEGY file_copy");
}

void run_file(const std::string& database, const std::string& file, const Variables& variables) {
    std::vector<std::string> command = {"psql", "-XqAt",  "-v", "ON_ERROR_STOP=1",
                                        "-d",   database, "-o", "/dev/null"};
    for (const auto& [name, value] : variables) {
        command.emplace_back("-v");
        command.push_back(name);
        command.back().append("=").append(value);
    }
    command.emplace_back("-f");
    command.push_back("test/bench/sql/" + file);
    run(command);
}

std::vector<std::string> list(Client& client, const std::string& sql, const std::vector<Value>& values) {
    std::vector<std::string> result;
    for (const Row& row : client.run(sql, values)) result.push_back(row.at(0).value_or(""));
    return result;
}

}  // namespace hil::bench
