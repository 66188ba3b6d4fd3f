#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "peers.hpp"
#include "server.hpp"

extern char** environ;

namespace hil::bench {

Peer::Peer(const std::string& program) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<std::string> words = {"env", "PGDATABASE=" + peers_database, "node",
                                      peers_folder + "/" + program};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failure = posix_spawnp(&process_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "w");
    from_ = fdopen(out[0], "r");
    if (failure != 0) throw std::runtime_error("node cannot be started");
    if (read_line() != "ready") throw std::runtime_error(program + " is not ready");
}

// It ends when there is nothing more to read.
Peer::~Peer() {
    std::fclose(to_);
    waitpid(process_, nullptr, 0);
    std::fclose(from_);
}

double Peer::ask(const std::string& command, int count) {
    std::fprintf(to_, "%s %d\n", command.c_str(), count);
    std::fflush(to_);
    return std::stod(read_line());
}

std::string Peer::read_line() {
    std::array<char, 200> line{};
    if (std::fgets(line.data(), line.size(), from_) == nullptr) throw std::runtime_error("a peer has ended");
    std::string text = line.data();
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

std::unique_ptr<Peer> make_graphile(const std::string& command, int count) {
    if (!std::filesystem::exists(peers_folder + "/node_modules/graphile-worker")) return nullptr;
    create_database(peers_database);
    auto graphile = std::make_unique<Peer>("graphile.js");
    graphile->ask(command, count);
    return graphile;
}

}  // namespace hil::bench
