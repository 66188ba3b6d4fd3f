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
    // hil.max_message_bytes can be no more.
    static constexpr std::size_t max_line = std::size_t{1} << 20;

    struct Line {
        std::string text;       // without its end
        bool too_long = false;  // more than max_line; the text is left out
    };

    Input();
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    // The next line that is there. One that is too long is told when the limit is reached, wherever its end
    // is. Throws std::system_error.
    std::optional<Line> line();

    // Nothing more will come, and every line was taken.
    bool ended() const { return at_end_ && buffer_.empty(); }

    // A signal has come: whoever typed wants to leave.
    bool interrupted() const { return interrupted_; }

    // Readable when there may be a line or a signal, after line() had none; -1 once nothing more will come.
    int fd() const { return interrupted_ ? -1 : wait_fd_; }

  private:
    std::optional<Line> take_line();
    bool read_more();
    void take_signal();

    int signal_fd_ = -1;
    int wait_fd_ = -1;
    bool at_end_ = false;
    bool interrupted_ = false;
    bool skipping_ = false;  // the buffer begins with the rest of a line that was too long
    std::string buffer_;
};

}  // namespace hil::worker
