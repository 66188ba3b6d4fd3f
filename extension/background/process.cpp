#include "background/process.hpp"

namespace hil::background {

void take_signals() {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
}

void settle(const char* name) {
    SetConfigOption("application_name", name, PGC_USERSET, PGC_S_SESSION);
    // As the SQL functions do; and as autovacuum does, so that what is set for sessions does not hold up the
    // work.
    SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("lock_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
    // A VACUUM that rests makes everything else wait; its tables are small.
    SetConfigOption("vacuum_cost_delay", "0", PGC_SUSET, PGC_S_OVERRIDE);
#if PG_VERSION_NUM >= 170000
    SetConfigOption("transaction_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
#endif
    SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("default_transaction_deferrable", "off", PGC_SUSET, PGC_S_OVERRIDE);
}

std::uint32_t wait_event([[maybe_unused]] const char* name) {
#if PG_VERSION_NUM >= 170000
    return WaitEventExtensionNew(name);
#else
    return PG_WAIT_EXTENSION;
#endif
}

Woken wait(long milliseconds, std::uint32_t event) {
    const int woken =
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, event);
    ResetLatch(MyLatch);
    // Ending without the error of ProcessInterrupts: nothing was interrupted.
    if (ProcDiePending) return Woken::end;
    // Whoever cancels a query here comes too late for it.
    QueryCancelPending = false;
    CHECK_FOR_INTERRUPTS();
    if (catchupInterruptPending) ProcessCatchupInterrupt();
    if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
    }
    return (woken & WL_LATCH_SET) != 0 ? Woken::latch : Woken::timeout;
}

void pause(long milliseconds, std::uint32_t event) {
    WaitLatch(nullptr, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, event);
}

}  // namespace hil::background
