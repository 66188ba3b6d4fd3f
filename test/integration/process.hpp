// A child process whose output goes to a file.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace hil::test {

// Starts the program with this process's environment and `more_environment`. The destructor kills what is
// still running.
class Process {
  public:
    Process(const std::vector<std::string>& command,
            const std::map<std::string, std::string>& more_environment, std::string output_file);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void signal(int number) const;

    // SIGSTOP, and waits until every thread stands still; then SIGCONT.
    void suspend() const;
    void resume() const;

    // Waits until the process has stopped itself.
    bool waits_stopped() const;

    // Waits for the end: the exit code, or 128 + the signal that killed it. A process that goes on for longer
    // than the tests' patience is killed, and gives 128 + SIGKILL.
    int wait();

    bool running();

    // What it has written so far, standard output and error together.
    std::string output() const;

  private:
    bool reap(bool block);

    pid_t id_ = -1;
    int status_ = 0;
    bool ended_ = false;
    std::string output_file_;
};

// Runs a program to its end. Throws std::runtime_error with its output when it fails; returns the output.
std::string run(const std::vector<std::string>& command,
                const std::map<std::string, std::string>& more_environment = {});

}  // namespace hil::test
