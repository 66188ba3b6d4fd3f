#include "background/background.hpp"

#include "background/commands.hpp"
#include "background/launcher.hpp"
#include "background/shared_state.hpp"
#include "background/transactions.hpp"
#include "engine/leases.hpp"
#include "engine/wake.hpp"

namespace hil::background {
namespace {

shmem_request_hook_type next_request_hook = nullptr;
shmem_startup_hook_type next_startup_hook = nullptr;

void request() {
    if (next_request_hook != nullptr) next_request_hook();
    request_memory();
}

void start_up() {
    if (next_startup_hook != nullptr) next_startup_hook();
    attach_memory();
}

}  // namespace

void set_up() {
    next_request_hook = shmem_request_hook;
    shmem_request_hook = request;
    next_startup_hook = shmem_startup_hook;
    shmem_startup_hook = start_up;
    // pg_upgrade starts servers whose data nobody else may touch.
    if (!IsBinaryUpgrade) register_launcher();
    watch_transactions();
    watch_commands();
    engine::set_waker(
        {[] { return serves(MyDatabaseId); }, [] { return waits(MyDatabaseId); }, wake_at_commit});
    engine::set_writable_since([] { return pg::Timestamp{writable_since()}; });
}

}  // namespace hil::background
