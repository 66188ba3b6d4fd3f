#include "complaint.hpp"

#include "watch/log.hpp"

namespace hil::worker {

void Complaint::is(const std::string& what, const std::string& reason) {
    note(reason == last_ ? spdlog::level::debug : spdlog::level::warn, "trouble", what + reason);
    last_ = reason;
}

void Complaint::is_over() {
    if (!last_.empty()) note(spdlog::level::info, "trouble_over", about_ + ": works again");
    last_.clear();
}

}  // namespace hil::worker
