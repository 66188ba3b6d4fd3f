// A warning that is said once and not at every try.
#pragma once

#include <string>

namespace hil::worker {

// What goes wrong with one thing that is tried again and again.
class Complaint {
  public:
    // `about`: what works again when it is over.
    explicit Complaint(std::string about) : about_(std::move(about)) {}

    // Logs both texts, as a warning when `reason` is not the last one, else for debugging.
    void is(const std::string& what, const std::string& reason);

    // Logs that it works again, if there was a complaint.
    void is_over();

  private:
    std::string about_;
    std::string last_;
};

}  // namespace hil::worker
