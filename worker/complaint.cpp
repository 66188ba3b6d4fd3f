#include "complaint.hpp"

#include "watch/log.hpp"

namespace hil::worker {

void Complaint::is(const std::string& what, const std::string& reason) {
    const auto now = std::chrono::steady_clock::now();
    const bool known = reason == last_ && now - logged_at_ < again_after_;
    note(known ? spdlog::level::debug : spdlog::level::warn, "trouble", what + reason);
    last_ = reason;
    if (!known) logged_at_ = now;
}

void Complaint::is_over() {
    if (!last_.empty()) note(spdlog::level::info, "trouble_over", about_ + ": works again");
    last_.clear();
}

}  // namespace hil::worker
