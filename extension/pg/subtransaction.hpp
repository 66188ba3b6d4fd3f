// A piece of work that may fail without taking the caller's transaction with it. No Postgres header here.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pg/error.hpp"

namespace hil::pg {

// Runs `body` in a subtransaction. What it throws rolls the subtransaction back, its locks included, and is
// returned; nothing where all went well. Statements work inside as outside. A cancel goes on to the caller
// once the work is rolled back: it is meant for all of the statement.
std::optional<Failure> subtransaction(const std::function<void()>& body);

// Reports a failure to the client and to the server's log as a WARNING, whose message opens with `what`.
void warn(const std::string& what, const Failure& failure);

// The same as an ERROR, which is thrown as a pg::Error.
void raise(const std::string& what, const Failure& failure);

}  // namespace hil::pg
