#include "worker_process.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <vector>

extern char** environ;

namespace hil::bench {

WorkerProcess::WorkerProcess(const std::string& database) {
    const std::string config = "build/bench-worker.yaml";
    std::ofstream(config) << "concurrency: 200\nlog_level: warn\n";
    std::vector<std::string> words = {
        "env", "HIL_DATABASE_URL=postgresql:///" + database, "build/hil-worker", "run", "--config", config};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (posix_spawnp(&process_, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
        throw std::runtime_error("hil-worker cannot be started");
}

WorkerProcess::~WorkerProcess() {
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

}  // namespace hil::bench
