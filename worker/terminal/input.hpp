// Lines that somebody types, or sends through a pipe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace hil::worker {

// Reads standard input without ever waiting, and takes SIGINT and SIGTERM as its end. One at a time in a
// process.
class Input {
  public:
    Input();
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    // The next line that is there, without its end. Throws std::system_error.
    std::optional<std::string> line();

    // Nothing more will come, and every line was taken.
    bool ended() const { return at_end_ && buffer_.empty(); }

    // A signal has come: whoever typed wants to leave.
    bool interrupted() const { return interrupted_; }

    // Readable when there may be a line or a signal, after line() had none; -1 once nothing more will come.
    int fd() const { return interrupted_ ? -1 : wait_fd_; }

  private:
    void read_more();
    void take_signal();

    int signal_fd_ = -1;
    int wait_fd_ = -1;
    bool at_end_ = false;
    bool interrupted_ = false;
    std::string buffer_;
};

}  // namespace hil::worker
