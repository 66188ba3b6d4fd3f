#include "terminal/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace hil::worker {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

bool is_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return poll(&entry, 1, 0) > 0;
}

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

// Signals and lines are waited for together, by one descriptor.
Input::Input() {
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    wait_fd_ = epoll_create1(EPOLL_CLOEXEC);
    if (signal_fd_ < 0 || wait_fd_ < 0) fail("input");
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(wait_fd_, EPOLL_CTL_ADD, signal_fd_, &event) < 0) fail("input");
    // A file cannot be waited for, and need not be: line() reads it to its end.
    if (epoll_ctl(wait_fd_, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0 && errno != EPERM)
        fail("standard input");
}

Input::~Input() {
    close(wait_fd_);
    close(signal_fd_);
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// A signal counts also while more comes in than can ever be taken.
std::optional<Input::Line> Input::line() {
    do {
        take_signal();
        if (auto line = take_line()) return line;
    } while (read_more());
    return std::nullopt;
}

// From the buffer.
std::optional<Input::Line> Input::take_line() {
    if (skipping_) {
        const std::size_t end = buffer_.find('\n');
        buffer_.erase(0, end == std::string::npos ? end : end + 1);
        skipping_ = end == std::string::npos;
    }
    const std::size_t end = buffer_.find('\n');
    if (std::min(end, buffer_.size()) > max_line) {
        skipping_ = true;
        return Line{"", /*too_long=*/true};
    }
    if (buffer_.empty() || (end == std::string::npos && !at_end_)) return std::nullopt;
    Line line{buffer_.substr(0, end)};
    buffer_.erase(0, end == std::string::npos ? end : end + 1);
    if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
    return line;
}

void Input::take_signal() {
    if (!is_readable(signal_fd_)) return;
    // Taken, or it would come again where it is blocked no more.
    signalfd_siginfo signal{};
    if (read(signal_fd_, &signal, sizeof signal) < 0 && errno != EAGAIN) fail("signalfd");
    at_end_ = interrupted_ = true;
    buffer_.clear();
}

// False: nothing came, not even the end.
bool Input::read_more() {
    if (at_end_ || !is_readable(STDIN_FILENO)) return false;
    std::array<char, 65536> bytes;
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR && errno != EAGAIN) fail("standard input");
    if (count > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    if (count != 0) return count > 0;
    at_end_ = true;
    // It would be readable for ever; a signal still counts.
    epoll_ctl(wait_fd_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
    return true;
}

}  // namespace hil::worker
