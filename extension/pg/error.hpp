// What a Postgres ERROR is on the C++ side of the boundary. No Postgres header here.
#pragma once

#include <exception>
#include <memory>
#include <string>

#include "core/refusal.hpp"

namespace hil::pg {

struct ErrorFields;  // everything Postgres knows of the error; defined in guard.cpp

// A Postgres ERROR, thrown by pg::call. It owns copies of the error's fields, so it outlives the memory
// context and the subtransaction in which the error arose. It must reach pg::entry, or the work it comes from
// must have run in a subtransaction that is rolled back: swallowing it otherwise leaves Postgres in the
// middle of a failed command.
class Error : public std::exception {
  public:
    explicit Error(std::shared_ptr<const ErrorFields> fields) noexcept : fields_(std::move(fields)) {}

    const char* what() const noexcept override;    // the primary message
    const std::string& sqlstate() const noexcept;  // five characters
    const std::string& detail() const noexcept;    // "" where there is none
    const std::string& hint() const noexcept;      // "" where there is none
    const std::shared_ptr<const ErrorFields>& fields() const noexcept { return fields_; }

  private:
    std::shared_ptr<const ErrorFields> fields_;
};

// The SQLSTATE by which a Refusal is raised.
std::string sqlstate_of(Reason reason);

// What went wrong in work that was rolled back: an Error or any other exception, as plain text.
struct Failure {
    std::string sqlstate;  // five characters
    std::string message, detail, hint;
};

}  // namespace hil::pg
