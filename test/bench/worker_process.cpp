#include "worker_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

extern char** environ;

namespace hil::bench {

WorkerProcess::WorkerProcess(const std::string& database, const std::string& config, bool log_is_read) {
    static int number = 0;
    const std::string file = "build/bench-worker-" + std::to_string(++number % 10) + ".yaml";
    std::ofstream(file) << config;
    std::vector<std::string> words = {
        "env", "HIL_DATABASE_URL=postgresql:///" + database, "build/hil-worker", "run", "--config", file};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::array<int, 2> log{-1, -1};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (log_is_read) {
        if (pipe2(log.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        posix_spawn_file_actions_adddup2(&actions, log[1], STDERR_FILENO);
        log_ = fdopen(log[0], "r");
    }
    const int failure = posix_spawnp(&process_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (log_is_read) close(log[1]);
    if (failure != 0) throw std::runtime_error("hil-worker cannot be started");
}

// A log that nobody reads any more must not hold it up.
WorkerProcess::~WorkerProcess() {
    if (log_ != nullptr) std::fclose(log_);
    resume();
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
}

void WorkerProcess::pause() const {
    kill(process_, SIGSTOP);
    siginfo_t stopped{};
    waitid(P_PID, static_cast<id_t>(process_), &stopped, WSTOPPED);
}

void WorkerProcess::resume() const { kill(process_, SIGCONT); }

void WorkerProcess::await_line(const std::string& text) {
    std::array<char, 1000> line{};
    while (std::fgets(line.data(), line.size(), log_) != nullptr)
        if (std::string_view(line.data()).find(text) != std::string_view::npos) return;
    throw std::runtime_error("hil-worker has ended");
}

}  // namespace hil::bench
