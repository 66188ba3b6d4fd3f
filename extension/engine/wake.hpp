// Waking this database's scheduler. Where the library is not preloaded there is none, and nothing is woken.
#pragma once

namespace hil::engine {

// Whether a scheduler serves this database at this moment. Only a hint: it may stop, or start, before the
// caller's transaction commits.
bool scheduler_runs_here();

// Whether it was waiting for the end of a restore when it looked last, and does nothing meanwhile.
bool scheduler_waits_here();

// There is work for the scheduler: wakes it once this transaction is committed. Any number of calls wake it
// once; a transaction that aborts wakes nobody.
void wake_at_commit();

// What the functions above do where the library is preloaded. background/ sets it, once.
struct Waker {
    bool (*scheduler_runs_here)();
    bool (*scheduler_waits_here)();
    void (*wake_at_commit)();
};
void set_waker(const Waker& waker);

}  // namespace hil::engine
