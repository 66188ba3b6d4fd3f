// Grants: which functions each kind of role may call.
#pragma once

#include <cstdint>
#include <string>

namespace hil::engine {

// hil_grant. `role` is the role's oid; `profile` is app, agent, worker, reader or admin.
void grant(std::uint32_t role, const std::string& profile);

}  // namespace hil::engine
