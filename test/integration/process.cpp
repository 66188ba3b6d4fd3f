#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "patience.hpp"

namespace hil::test {

Process::Process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& more_environment, std::string output_file)
    : output_file_(std::move(output_file)) {
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!more_environment.contains(text.substr(0, text.find('=')))) environment.push_back(text);
    }
    for (const auto& [name, value] : more_environment)
        environment.push_back(std::string(name).append("=").append(value));
    std::vector<char*> argv, envp;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output_file_.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    const int error = posix_spawnp(&id_, argv[0], &files, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) throw std::system_error(error, std::generic_category(), command[0]);
}

Process::~Process() {
    if (ended_) return;
    kill(id_, SIGKILL);
    reap(/*block=*/true);
}

void Process::signal(int number) const { kill(id_, number); }

void Process::suspend() const {
    signal(SIGSTOP);
    siginfo_t stopped;
    waitid(P_PID, id_, &stopped, WSTOPPED);
}

bool Process::waits_stopped() const {
    return within_patience([&] {
        siginfo_t stopped{};
        return waitid(P_PID, id_, &stopped, WSTOPPED | WNOHANG) == 0 && stopped.si_pid == id_;
    });
}

void Process::resume() const { signal(SIGCONT); }

bool Process::reap(bool block) {
    if (ended_) return true;
    pid_t seen;
    do {
        seen = waitpid(id_, &status_, block ? 0 : WNOHANG);
    } while (seen < 0 && errno == EINTR);
    return ended_ = seen == id_;
}

bool Process::running() { return !reap(/*block=*/false); }

int Process::wait() {
    if (!within_patience([&] { return reap(/*block=*/false); })) {
        kill(id_, SIGKILL);
        reap(/*block=*/true);
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

std::string Process::output() const {
    std::ostringstream text;
    text << std::ifstream(output_file_).rdbuf();
    return text.str();
}

std::string run(const std::vector<std::string>& command,
                const std::map<std::string, std::string>& more_environment) {
    char file[] = "/tmp/hil-output.XXXXXX";
    close(mkstemp(file));
    Process process(command, more_environment, file);
    const int status = process.wait();
    std::string output = process.output();
    std::remove(file);
    if (status != 0)
        throw std::runtime_error(command[0] + " ended with " + std::to_string(status) + ":\n" + output);
    return output;
}

}  // namespace hil::test
