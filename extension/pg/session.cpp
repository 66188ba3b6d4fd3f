#include "pg/session.hpp"

#include "pg/guard.hpp"

extern "C" {
#include <common/pg_prng.h>
}

namespace hil::pg {

std::string calling_role() {
    return call([] { return static_cast<const char*>(GetUserNameFromId(GetOuterUserId(), false)); });
}

void notify(const std::string& channel, const std::string& payload) {
    call(Async_Notify, channel.c_str(), payload.c_str());
}

double random_fraction() { return pg_prng_double(&pg_global_prng_state); }

void let_interrupts_through() {
    if (INTERRUPTS_PENDING_CONDITION()) call([] { ProcessInterrupts(); });
}

}  // namespace hil::pg
