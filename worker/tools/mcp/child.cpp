#include "tools/mcp/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace hil::worker::mcp {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(errno, "pipe");
        to_read = ends[0];
        to_write = ends[1];
    }
    ~Pipe() {
        if (to_read >= 0) close(to_read);
        if (to_write >= 0) close(to_write);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int to_read = -1, to_write = -1;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

}  // namespace

Child::Child(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
    // Writing to a program that has ended is an error, not the end of the worker.
    std::signal(SIGPIPE, SIG_IGN);
    Pipe in, out, error;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in.to_read, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out.to_write, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, error.to_write, STDERR_FILENO);
    // No connection of the worker's, whoever opened it, is the program's too.
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    // The worker may block signals or ignore some; the program starts as any other does.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const std::vector<char*> words = pointers(command), variables = pointers(environment);
    const int failure = posix_spawnp(&id_, words[0], &files, &attributes, words.data(), variables.data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) fail(failure, command[0]);
    end_ = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
    if (end_ < 0) {
        const int reason = errno;
        reap();
        fail(reason, "pidfd_open");
    }
    input_ = std::exchange(in.to_write, -1);
    output_ = std::exchange(out.to_read, -1);
    error_ = std::exchange(error.to_read, -1);
}

Child::~Child() {
    for (const int end : {input_, output_, error_, end_})
        if (end >= 0) close(end);
    reap();
}

// The group lives until its program is waited for.
void Child::reap() const {
    signal(SIGKILL);
    waitpid(id_, nullptr, 0);
}

int Child::take_input() { return std::exchange(input_, -1); }
int Child::take_output() { return std::exchange(output_, -1); }
int Child::take_error() { return std::exchange(error_, -1); }
int Child::take_end() { return std::exchange(end_, -1); }

void Child::signal(int number) const { ::kill(-id_, number); }

std::vector<std::string> environment_for(const std::vector<std::string>& names) {
    std::vector<std::string> wanted = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"};
    wanted.insert(wanted.end(), names.begin(), names.end());
    std::vector<std::string> variables;
    for (const std::string& name : wanted)
        if (const char* value = std::getenv(name.c_str())) variables.push_back(name + "=" + value);
    return variables;
}

}  // namespace hil::worker::mcp
