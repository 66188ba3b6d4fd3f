#include "background/shared_state.hpp"

#include <algorithm>
#include <span>

namespace hil::background {
namespace {

struct Slot {
    Oid database;
    Phase phase;
    bool asked_again;        // while a scheduler was there: it may be about to end
    bool waits;              // the scheduler, for the end of a restore
    pid_t scheduler;         // 0: none
    Latch* latch;            // the scheduler's
    pid_t held_by;           // 0: nobody
    int failures;            // schedulers in a row that did not live long
    TimestampTz since;       // when the phase began
    TimestampTz not_before;  // when it is wanted: the earliest start
};

struct SharedState {
    LWLock* lock;  // for all below
    ConditionVariable ended;
    Latch* launcher;
    TimestampTz writable_since;
    bool was_launched;
    bool all_probed;
    bool was_full;  // somebody was turned away
    int slot_count;
    Slot slots[FLEXIBLE_ARRAY_MEMBER];
};

SharedState* shared = nullptr;

// This process's slot, where it is a scheduler.
Slot* own = nullptr;
Ending own_ending = Ending::unexpected;

// A scheduler that ends after less time has failed.
constexpr TimestampTz long_life = USECS_PER_SEC;
constexpr TimestampTz longest_pause = 60 * USECS_PER_SEC;
// A process that was asked for and is not there by then never will be.
constexpr TimestampTz longest_start = 10 * USECS_PER_SEC;
// How often the launcher looks for what nobody tells it: who holds a slot and is gone, a process that did not
// come.
constexpr TimestampTz look_around = USECS_PER_SEC;
constexpr long idle_milliseconds = 60'000;

std::span<Slot> slots() { return {shared->slots, static_cast<std::size_t>(shared->slot_count)}; }

// A scheduler takes a background worker, so there cannot be more of them.
int wanted_slots() { return std::max(max_worker_processes, 1); }

std::size_t memory_size() { return offsetof(SharedState, slots) + sizeof(Slot) * wanted_slots(); }

Slot* find(Oid database) {
    for (Slot& slot : slots())
        if (slot.phase != Phase::free && slot.database == database) return &slot;
    return nullptr;
}

// Runs `body` under the lock. It must raise nothing.
template <class Body>
auto locked(Body body) {
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    if constexpr (std::is_void_v<decltype(body())>) {
        body();
        LWLockRelease(shared->lock);
    } else {
        auto result = body();
        LWLockRelease(shared->lock);
        return result;
    }
}

void wake_launcher() {
    if (shared->launcher != nullptr) SetLatch(shared->launcher);
}

void enter(Slot& slot, Phase phase) {
    slot.phase = phase;
    slot.since = GetCurrentTimestamp();
}

void want(Slot& slot, TimestampTz pause) {
    enter(slot, Phase::wanted);
    slot.not_before = slot.since + pause;
    slot.asked_again = false;
    wake_launcher();
}

void free_slot(Slot& slot) {
    slot = Slot{};
    // Whoever found no slot may have one now: all databases are looked at again.
    if (!shared->was_full) return;
    shared->was_full = false;
    shared->all_probed = false;
    wake_launcher();
}

TimestampTz pause_after(int failures) {
    if (failures == 0) return 0;
    return std::min(longest_pause, USECS_PER_SEC << std::min(failures - 1, 10));
}

// The slot of a database that may have none yet; nullptr where all are taken.
Slot* find_or_take(Oid database) {
    if (Slot* slot = find(database)) return slot;
    for (Slot& slot : slots()) {
        if (slot.phase != Phase::free) continue;
        slot = Slot{};
        slot.database = database;
        return &slot;
    }
    return nullptr;
}

// Does `change` to the slot of a database that may have none yet, under the lock. Where all slots are taken
// there is a line in the log, once until one is free.
template <class Change>
void change_slot(Oid database, Change change) {
    const bool newly_full = locked([&] {
        Slot* slot = find_or_take(database);
        if (slot != nullptr)
            change(*slot);
        else
            return !std::exchange(shared->was_full, true);
        return false;
    });
    if (newly_full)
        ereport(LOG, (errmsg("hil: no scheduler for the database with oid %u: %d databases have one already",
                             database, shared->slot_count),
                      errhint("Raise max_worker_processes.")));
}

// A session's own database's slot, or nullptr. Without the lock, since every event asks: a slot that is given
// to another database at this moment is a stale answer, as any answer is once the caller has it. Latches are
// never freed.
Slot* glance(Oid database) {
    static Slot* last = nullptr;
    if (last != nullptr && last->database == database) return last;
    last = nullptr;
    for (Slot& slot : slots())
        if (slot.database == database) last = &slot;
    return last;
}

void leave_slot(int /*code*/, Datum /*argument*/) {
    locked([] {
        Slot& slot = *own;
        const bool lived_long = GetCurrentTimestamp() - slot.since >= long_life;
        slot.scheduler = 0;
        slot.latch = nullptr;
        slot.waits = false;
        const bool failed = own_ending == Ending::unexpected && slot.held_by == 0;
        slot.failures = failed && !lived_long ? slot.failures + 1 : 0;
        if (own_ending == Ending::not_needed && !slot.asked_again && slot.held_by == 0)
            free_slot(slot);
        else
            want(slot, pause_after(slot.failures));
    });
    ConditionVariableBroadcast(&shared->ended);
    own = nullptr;
}

bool process_lives(pid_t process) { return BackendPidGetProc(process) != nullptr; }

}  // namespace

void request_memory() {
    RequestAddinShmemSpace(memory_size());
    RequestNamedLWLockTranche("hil", 1);
}

void attach_memory() {
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found = false;
    shared = static_cast<SharedState*>(ShmemInitStruct("hil", memory_size(), &found));
    if (!found) {
        std::fill_n(reinterpret_cast<char*>(shared), memory_size(), 0);
        shared->lock = &GetNamedLWLockTranche("hil")->lock;
        shared->slot_count = wanted_slots();
        shared->writable_since = GetCurrentTimestamp();
        ConditionVariableInit(&shared->ended);
    }
    LWLockRelease(AddinShmemInitLock);
}

bool serves(Oid database) {
    const Slot* slot = glance(database);
    return slot != nullptr && slot->phase == Phase::serving;
}

bool waits(Oid database) {
    const Slot* slot = glance(database);
    return slot != nullptr && slot->waits;
}

TimestampTz writable_since() { return shared->writable_since; }

void wake(Oid database) {
    if (const Slot* slot = glance(database)) {
        Latch* latch = slot->latch;
        if (latch != nullptr) SetLatch(latch);
        return;
    }
    change_slot(database, [](Slot& slot) {
        if (slot.phase == Phase::free) want(slot, 0);
    });
}

void ask_for(Oid database) {
    change_slot(database, [](Slot& slot) {
        slot.failures = 0;
        if (slot.phase == Phase::free || slot.phase == Phase::wanted) return want(slot, 0);
        slot.asked_again = true;
        if (slot.latch != nullptr) SetLatch(slot.latch);
    });
}

void hold(Oid database) {
    change_slot(database, [](Slot& slot) {
        if (slot.phase == Phase::free) enter(slot, Phase::wanted);
        slot.held_by = MyProcPid;
        if (slot.scheduler != 0) kill(slot.scheduler, SIGTERM);
    });
    const auto it_runs = [=] {
        return locked([=] {
            const Slot* slot = find(database);
            return slot != nullptr && slot->scheduler != 0;
        });
    };
    ConditionVariablePrepareToSleep(&shared->ended);
    while (it_runs()) ConditionVariableSleep(&shared->ended, WAIT_EVENT_BGWORKER_SHUTDOWN);
    ConditionVariableCancelSleep();
}

void release(Oid database, bool gone) {
    locked([=] {
        Slot* slot = find(database);
        if (slot == nullptr || slot->held_by != MyProcPid) return;
        slot->held_by = 0;
        if (slot->scheduler != 0) return;
        if (gone)
            free_slot(*slot);
        else
            want(*slot, 0);
    });
}

void begin_launching() {
    on_shmem_exit([](int, Datum) { locked([] { shared->launcher = nullptr; }); }, Datum{0});
    locked([] {
        shared->launcher = MyLatch;
        // The server starts the first launcher when recovery is over; a later one stands in for one that
        // failed.
        if (!std::exchange(shared->was_launched, true)) shared->writable_since = GetCurrentTimestamp();
    });
}

bool all_probed() { return shared->all_probed; }

void set_all_probed() {
    locked([] { shared->all_probed = true; });
}

bool something_starts() {
    return locked([] {
        return std::any_of(slots().begin(), slots().end(), [](const Slot& slot) {
            return slot.phase == Phase::starting || slot.phase == Phase::probing ||
                   (slot.phase == Phase::wanted && slot.failures == 0 && slot.held_by == 0);
        });
    });
}

Turn next_turn() {
    return locked([] {
        const TimestampTz now = GetCurrentTimestamp();
        Turn turn{InvalidOid, idle_milliseconds};
        const auto wait_until = [&](TimestampTz when) {
            turn.wait_milliseconds =
                std::min(turn.wait_milliseconds, TimestampDifferenceMilliseconds(now, when) + 1);
        };
        for (Slot& slot : slots()) {
            if (slot.held_by != 0 && !process_lives(slot.held_by)) slot.held_by = 0;
            if (slot.phase == Phase::starting && now - slot.since > longest_start)
                want(slot, pause_after(++slot.failures));
            if (slot.held_by != 0 || slot.phase == Phase::starting) {
                wait_until(now + look_around);
            } else if (slot.phase == Phase::wanted && slot.not_before > now) {
                wait_until(slot.not_before);
            } else if (slot.phase == Phase::wanted) {
                enter(slot, Phase::starting);
                turn.start = slot.database;
                return turn;
            }
        }
        return turn;
    });
}

void not_started(Oid database) {
    locked([=] {
        Slot* slot = find(database);
        if (slot != nullptr && slot->phase == Phase::starting) want(*slot, look_around);
    });
}

void not_startable(Oid database) {
    locked([=] {
        Slot* slot = find(database);
        if (slot == nullptr || slot->phase != Phase::starting || slot->held_by != 0) return;
        // Asked for after the launcher looked: that was an answer to what was asked before.
        if (slot->asked_again)
            want(*slot, 0);
        else
            free_slot(*slot);
    });
}

bool attach(Oid database) {
    own = locked([=]() -> Slot* {
        Slot* slot = find(database);
        if (slot == nullptr || slot->phase != Phase::starting || slot->held_by != 0) return nullptr;
        enter(*slot, Phase::probing);
        slot->scheduler = MyProcPid;
        slot->latch = MyLatch;
        return slot;
    });
    if (own == nullptr) return false;
    on_shmem_exit(leave_slot, Datum{0});
    return true;
}

void begin_probing() {
    locked([] { own->asked_again = false; });
}

void begin_serving() {
    locked([] { enter(*own, Phase::serving); });
}

void set_waiting(bool waiting) {
    locked([=] { own->waits = waiting; });
}

void end_as(Ending ending) { own_ending = ending; }

}  // namespace hil::background
