#include "pg/session.hpp"

#include "pg/guard.hpp"

extern "C" {
#include <common/pg_prng.h>
}

namespace hil::pg {

std::vector<std::string> calling_roles() {
    const auto name = [](Oid role) { return static_cast<const char*>(GetUserNameFromId(role, false)); };
    std::vector<std::string> roles{call(name, GetSessionUserId())};
    if (GetOuterUserId() != GetSessionUserId()) roles.emplace_back(call(name, GetOuterUserId()));
    return roles;
}

void notify(const std::string& channel, const std::string& payload) {
    call(Async_Notify, channel.c_str(), payload.c_str());
}

double random_fraction() { return pg_prng_double(&pg_global_prng_state); }

void let_interrupts_through() {
    if (INTERRUPTS_PENDING_CONDITION()) call([] { ProcessInterrupts(); });
}

}  // namespace hil::pg
