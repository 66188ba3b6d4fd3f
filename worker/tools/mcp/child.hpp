// A program that is started and ended by the worker, and talked to by its standard input and output.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace hil::worker::mcp {

// In a process group of its own, so that what the program starts ends with it.
class Child {
  public:
    // `environment`: NAME=VALUE. Throws std::system_error where it cannot be started.
    Child(const std::vector<std::string>& command, const std::vector<std::string>& environment);

    // Kills the program if it has not ended, and what it has started.
    ~Child();

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Our ends of its standard input, output and error, and what becomes readable when it has ended; the
    // caller takes them over.
    int take_input();
    int take_output();
    int take_error();
    int take_end();

    // To the program and what it has started.
    void signal(int number) const;

  private:
    void reap() const;

    pid_t id_ = -1;
    int input_ = -1, output_ = -1, error_ = -1, end_ = -1;
};

// The variables of the worker's own environment that a program gets: a few that all programs need, and those
// that are named.
std::vector<std::string> environment_for(const std::vector<std::string>& names);

}  // namespace hil::worker::mcp
