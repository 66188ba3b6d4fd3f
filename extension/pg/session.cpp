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

Uuid new_uuid() {
    constexpr std::uint64_t epoch = 946'684'800'000'000;  // Postgres's, in microseconds since that of Unix
    Uuid id;
    if (!pg_strong_random(id.bytes.data(), id.bytes.size()))
        call([] { ereport(ERROR, (errmsg("the system gives no random numbers"))); });
    const std::uint64_t now = epoch + static_cast<std::uint64_t>(GetCurrentTimestamp());
    const std::uint64_t milliseconds = now / 1000, fraction = now % 1000 * 4096 / 1000;
    for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    id.bytes[6] = static_cast<std::uint8_t>(0x70 | fraction >> 8);
    id.bytes[7] = static_cast<std::uint8_t>(fraction);
    id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

Timestamp server_start() { return {PgStartTime}; }

void let_interrupts_through() {
    if (INTERRUPTS_PENDING_CONDITION()) call([] { ProcessInterrupts(); });
}

}  // namespace hil::pg
