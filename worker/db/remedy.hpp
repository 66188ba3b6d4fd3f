// What to do about an error that comes from how the database was set up.
#pragma once

#include <string>
#include <string_view>

namespace hil::worker {

// The hint on a message that says that one of hil's functions is missing or not granted: why, and the
// statement that helps. Else "". `database`, `role`: of the connection.
std::string remedy(std::string_view sqlstate, std::string_view message, const std::string& database,
                   const std::string& role);

}  // namespace hil::worker
