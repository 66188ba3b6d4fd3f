#include "background/launcher.hpp"

#include <algorithm>
#include <vector>

#include "background/process.hpp"
#include "background/scheduler.hpp"
#include "background/shared_state.hpp"
#include "pg/guard.hpp"

namespace hil::background {
namespace {

// DROP DATABASE marks what it could not finish with it; the name is not in every header that we compile with.
constexpr int invalid_database = -2;

constexpr int restart_seconds = 1;

bool takes_connections(Form_pg_database row) {
    return row->datallowconn && row->datconnlimit != invalid_database;
}

struct Oids {
    Oid* items;
    std::size_t count;
};

// All databases that take connections, in memory that the caller frees.
Oids list_databases() {
    MemoryContext memory = CurrentMemoryContext;
    List* found = NIL;
    StartTransactionCommand();
    Relation databases = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(databases, 0, nullptr);
    while (HeapTuple row = heap_getnext(scan, ForwardScanDirection)) {
        const auto* database = reinterpret_cast<Form_pg_database>(GETSTRUCT(row));
        if (takes_connections(const_cast<Form_pg_database>(database)))
            found = lappend_oid(found, database->oid);
    }
    table_endscan(scan);
    table_close(databases, AccessShareLock);
    Oids oids{static_cast<Oid*>(MemoryContextAlloc(memory, sizeof(Oid) * (list_length(found) + 1))), 0};
    ListCell* cell;
    foreach (cell, found) oids.items[oids.count++] = lfirst_oid(cell);
    CommitTransactionCommand();
    MemoryContextSwitchTo(memory);
    return oids;
}

std::vector<Oid> all_databases() {
    const Oids listed = pg::call(list_databases);
    std::vector<Oid> databases(listed.items, listed.items + listed.count);
    pg::call(pfree, static_cast<void*>(listed.items));
    return databases;
}

// Reads the table and no cache: who asks at a commit does so before other sessions' caches hear of that
// commit.
bool can_have_one(Oid database) {
    MemoryContext memory = CurrentMemoryContext;
    StartTransactionCommand();
    Relation databases = table_open(DatabaseRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_database_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(database));
    // A process without a database knows the index only where others have left it in the cache's file.
    SysScanDesc scan =
        systable_beginscan(databases, DatabaseOidIndexId, criticalSharedRelcachesBuilt, nullptr, 1, &key);
    HeapTuple row = systable_getnext(scan);
    const bool can =
        HeapTupleIsValid(row) && takes_connections(reinterpret_cast<Form_pg_database>(GETSTRUCT(row)));
    systable_endscan(scan);
    table_close(databases, AccessShareLock);
    CommitTransactionCommand();
    MemoryContextSwitchTo(memory);
    return can;
}

class Launcher {
  public:
    // Until the server wants this process to end.
    void run() {
        const std::uint32_t event = pg::call(wait_event, "HilLauncherMain");
        for (;;) {
            probe();
            if (pg::call(background::wait, start_what_is_due(), event) == Woken::end) return;
        }
    }

  private:
    // After the server's start: looks at one database after the other, so that there is never more than one
    // process of those that will find nothing.
    void probe() {
        if (all_probed()) return;
        if (to_probe_.empty()) to_probe_ = all_databases();
        if (pg::call(something_starts)) return;
        if (!to_probe_.empty()) {
            pg::call(ask_for, to_probe_.back());
            to_probe_.pop_back();
        }
        if (to_probe_.empty()) pg::call(set_all_probed);
    }

    // Returns how long nothing more will be due, in milliseconds.
    long start_what_is_due() {
        for (;;) {
            const Turn turn = pg::call(next_turn);
            if (!OidIsValid(turn.start)) return turn.wait_milliseconds;
            if (!pg::call(can_have_one, turn.start))
                pg::call(not_startable, turn.start);
            else if (!start(turn.start))
                pg::call(not_started, turn.start);
        }
    }

    bool start(Oid database) {
        const bool started = pg::call(request_scheduler, database);
        if (!started && !exhausted_)
            pg::call(
                [](Oid waiting) {
                    ereport(LOG, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                                  errmsg("hil: no background worker is left for the scheduler of the "
                                         "database with oid %u",
                                         waiting),
                                  errdetail("The launcher tries again until there is one."),
                                  errhint("Raise max_worker_processes.")));
                },
                database);
        exhausted_ = !started;
        return started;
    }

    std::vector<Oid> to_probe_;
    bool exhausted_ = false;  // and that was said
};

void run_launcher() {
    pg::call([] {
        take_signals();
        BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
        settle("hil launcher");
        begin_launching();
    });
    Launcher().run();
}

}  // namespace

void register_launcher() {
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = restart_seconds;
    snprintf(worker.bgw_library_name, sizeof worker.bgw_library_name, "%s", "hil");
    snprintf(worker.bgw_function_name, sizeof worker.bgw_function_name, "%s", "hil_launcher_main");
    snprintf(worker.bgw_name, sizeof worker.bgw_name, "%s", "hil launcher");
    snprintf(worker.bgw_type, sizeof worker.bgw_type, "%s", "hil launcher");
    RegisterBackgroundWorker(&worker);
}

}  // namespace hil::background

extern "C" {
PGDLLEXPORT void hil_launcher_main(Datum argument);

void hil_launcher_main(Datum /*argument*/) {
    hil::pg::entry([] { hil::background::run_launcher(); });
    // Whoever ends with 0 is not started again.
    proc_exit(1);
}
}
