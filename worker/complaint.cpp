#include "complaint.hpp"

#include <spdlog/spdlog.h>

namespace hil::worker {

void Complaint::is(const std::string& what, const std::string& reason) {
    spdlog::log(reason == last_ ? spdlog::level::debug : spdlog::level::warn, "{}{}", what, reason);
    last_ = reason;
}

void Complaint::is_over() {
    if (!last_.empty()) spdlog::info("{}: works again", about_);
    last_.clear();
}

}  // namespace hil::worker
