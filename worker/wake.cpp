#include "wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace hil::worker {

Wake::Wake() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wake::~Wake() { close(fd_); }

void Wake::set() noexcept { eventfd_write(fd_, 1); }

bool Wake::take() noexcept {
    eventfd_t count = 0;
    return eventfd_read(fd_, &count) == 0;
}

}  // namespace hil::worker
