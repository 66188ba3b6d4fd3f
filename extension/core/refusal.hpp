// A request that is turned down, as the one exception that core throws.
#pragma once

#include <stdexcept>
#include <string>

namespace hil {

// Why a request is turned down. The backend maps each reason to one SQLSTATE.
enum class Reason {
    invalid_argument,  // 22023: what came is not what the argument allows
    not_found,         // P0002: no such conversation, agent, run or workflow
    wrong_state,       // 55000: not possible in the state that things are in
    not_allowed,       // 42501: not for this caller
};

// Carries what a caller is told: the message says what came and what was expected, the hint what to do about
// it, and the detail (may be empty) what helps to find the place. Messages begin in lower case and end
// without a period; hints and details are sentences. All of them are short, whatever the input was.
class Refusal : public std::runtime_error {
  public:
    Refusal(Reason reason, const std::string& message, std::string hint, std::string detail = "");

    Reason reason() const { return reason_; }
    const std::string& hint() const { return hint_; }
    const std::string& detail() const { return detail_; }

  private:
    Reason reason_;
    std::string hint_;
    std::string detail_;
};

}  // namespace hil
