// What all connections have in common, however they wait.
#pragma once

#include <libpq-fe.h>

#include <string>

#include "db/connection.hpp"

namespace hil::worker {

// Connects as Connection does; blocks until it is done.
ConnectionPtr connect(const std::string& url);

// What went wrong; `result` may be nullptr.
DatabaseError error_of(PGconn* connection, const PGresult* result);

// Asks the server to cancel what the connection waits for; does not wait itself.
void ask_to_cancel(PGconn* connection);

}  // namespace hil::worker
