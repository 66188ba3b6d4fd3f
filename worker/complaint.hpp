// A warning that is said once a minute and not at every try.
#pragma once

#include <chrono>
#include <string>

namespace hil::worker {

// What goes wrong with one thing that is tried again and again.
class Complaint {
  public:
    // `about`: what works again when it is over.
    explicit Complaint(std::string about, std::chrono::seconds again_after = std::chrono::minutes(1))
        : about_(std::move(about)), again_after_(again_after) {}

    // Logs both texts, as a warning when `reason` is not the last one or was not logged for a while, else for
    // debugging.
    void is(const std::string& what, const std::string& reason);

    // Logs that it works again, if there was a complaint.
    void is_over();

  private:
    std::string about_;
    std::chrono::seconds again_after_;
    std::string last_;
    std::chrono::steady_clock::time_point logged_at_{};
};

}  // namespace hil::worker
