#include "background/scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <vector>

#include "background/duty_record.hpp"
#include "background/process.hpp"
#include "background/shared_state.hpp"
#include "background/upkeep.hpp"
#include "engine/dead_rows.hpp"
#include "engine/restoration.hpp"
#include "engine/rounds.hpp"
#include "engine/set_aside.hpp"
#include "engine/settings.hpp"
#include "pg/guard.hpp"
#include "pg/statement.hpp"
#include "pg/vacuum.hpp"

namespace hil::background {
namespace {

using engine::Duty;
using engine::Restoration;
using engine::When;

// The database's extension hil, as it was when this process began.
struct Extension {
    Oid id = InvalidOid;
    Oid owner = InvalidOid;
    TransactionId written_by = InvalidTransactionId;  // its row in pg_extension: another version has another
};

// Begins a transaction in which statements can be run.
void begin_transaction(const char* activity) {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    pgstat_report_activity(STATE_RUNNING, activity);
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "hil: SPI_connect failed");
    PushActiveSnapshot(GetTransactionSnapshot());
}

// Comes before commit, and under a guard of its own: it frees the memory in which a guard around both would
// look at what the commit raises.
void end_statements() {
    SPI_finish();
    PopActiveSnapshot();
}

// As whoever the duty was done, since what is deferred to the commit belongs to it; oneself only afterwards.
void commit() {
    CommitTransactionCommand();
    SetUserIdAndSecContext(GetSessionUserId(), 0);
    pgstat_report_activity(STATE_IDLE, nullptr);
}

void roll_back() {
    AbortCurrentTransaction();
    pgstat_report_activity(STATE_IDLE, nullptr);
}

// The extension with that id, locked until the end of the transaction, so that nobody can drop it before.
Extension lock_extension(Oid id) {
    if (!OidIsValid(id)) return {};
    LockDatabaseObject(ExtensionRelationId, id, 0, AccessShareLock);
    Relation extensions = table_open(ExtensionRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(id));
    SysScanDesc scan = systable_beginscan(extensions, ExtensionOidIndexId, true, nullptr, 1, &key);
    HeapTuple row = systable_getnext(scan);
    Extension found;
    if (HeapTupleIsValid(row))
        found = {id, reinterpret_cast<Form_pg_extension>(GETSTRUCT(row))->extowner,
                 HeapTupleHeaderGetRawXmin(row->t_data)};
    systable_endscan(scan);
    table_close(extensions, AccessShareLock);
    return found;
}

// No id where the database has none.
Extension find_extension() {
    begin_transaction("hil: looking for the extension");
    const Extension found = lock_extension(get_extension_oid("hil", true));
    if (OidIsValid(found.id))
        ereport(LOG, (errmsg("hil scheduler started for database \"%s\"", get_database_name(MyDatabaseId))));
    end_statements();
    commit();
    return found;
}

// Says in the log, and to whoever asks the doctor, whether this process waits for the end of a restore.
void tell_waiting(bool waiting) {
    set_waiting(waiting);
    if (waiting)
        ereport(LOG,
                (errmsg("hil scheduler waits for the end of a restore into database \"%s\"",
                        get_database_name(MyDatabaseId)),
                 errdetail("A session is connected whose application_name is pg_restore, or rows are there "
                           "and their sequence is not set yet.")));
    else
        ereport(LOG, (errmsg("hil scheduler waits no more for a restore into database \"%s\"",
                             get_database_name(MyDatabaseId))));
}

// What the duties do is done as the extension's owner, as in its functions, and not as the superuser that a
// background worker is.
void act_as(Oid owner, bool durable) {
    SetUserIdAndSecContext(owner, SECURITY_LOCAL_USERID_CHANGE);
    if (!durable)
        set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                          false);
}

class Scheduler {
  public:
    explicit Scheduler(const Extension& extension)
        : extension_(extension), records_(engine::duties().begin(), engine::duties().end()) {}

    // Until this process is to end; returns why.
    Ending run() {
        const std::uint32_t event = pg::call(wait_event, "HilSchedulerMain");
        for (;;) {
            if (const std::optional<Ending> ending = round()) return *ending;
            pg::call(pgstat_report_stat, false);
            const Clock::time_point rested_from = Clock::now();
            const Woken woken = pg::call(background::wait, idle_milliseconds(), event);
            if (woken == Woken::end) return Ending::unexpected;
            // Where commits follow each other closely, a round for each would cost more than the commits;
            // together they wait no longer than a busy round takes. The first after a quiet moment is served
            // at once.
            if (woken == Woken::latch && Clock::now() - rested_from < breath)
                pg::call(background::pause, static_cast<long>(breath.count()), event);
        }
    }

  private:
    using Clock = std::chrono::steady_clock;
    using Milliseconds = std::chrono::milliseconds;
    static constexpr Milliseconds breath{2};
    // A cursor that rests on a page can keep a VACUUM waiting for as long as it is open, and the duties wait
    // with it.
    static constexpr Milliseconds longest_vacuum{1000};

    // Does what there is to do now; an ending where the extension is not what it was.
    std::optional<Ending> round() {
        const Clock::time_point now = Clock::now();
        const bool by_clock = now >= next_by_clock();
        more_ = more_by_clock_ = false;
        next_look_.reset();
        for (DutyRecord& record : records_) {
            if (record.duty().when == When::by_clock && !by_clock) continue;
            if (!record.may_run(now)) {
                look_again_at(record.not_before());
                continue;
            }
            std::optional<Ending> ending;
            const std::exception_ptr thrown = pg::caught([&] { ending = perform(record); });
            if (ending) return ending;
            if (!thrown) continue;
            take_back(record, thrown);
            // Those with whom it did not fail have their turn at once.
            if (record.may_run(now)) more_ = true;
        }
        if (by_clock)
            if (const std::optional<Ending> ending = clean_up()) return ending;
        // From its end, so that a slow machine has its pauses, too.
        if (by_clock && !more_by_clock_) last_by_clock_ = Clock::now();
        return std::nullopt;
    }

    // Whether a dump is being restored, asked in each transaction anew, since a restore may have begun after
    // the one before. Once hil has been used that is over for as long as this process lives.
    bool restore_is_under_way() {
        if (restoration_ == Restoration::none) return false;
        const bool waited = restoration_ == Restoration::under_way;
        restoration_ = engine::restoration();
        const bool waits = restoration_ == Restoration::under_way;
        if (waits != waited) pg::call(tell_waiting, waits);
        return waits;
    }

    // VACUUM, which cannot be part of any transaction that does something else.
    std::optional<Ending> clean_up() {
        if (!upkeep_record_.may_run(Clock::now())) return std::nullopt;
        std::optional<Ending> ending;
        const std::exception_ptr thrown = pg::caught([&] {
            std::vector<engine::TableRows> tables;
            const auto count = [&] {
                if (!restore_is_under_way()) tables = engine::rewritten_tables();
            };
            if ((ending = in_transaction(upkeep_record_.activity(), true, count))) return;
            std::map<std::uint32_t, std::int64_t> vacuums_before;
            for (const engine::TableRows& table : tables) {
                if (!upkeep_.is_due(table)) continue;
                vacuums_before[table.table] = table.vacuums;
                pg::vacuum(table.table, longest_vacuum);
            }
            if (vacuums_before.empty() || (ending = in_transaction(upkeep_record_.activity(), true, count)))
                return;
            // A table that somebody held was passed over.
            for (const engine::TableRows& table : tables)
                if (const auto before = vacuums_before.find(table.table);
                    before != vacuums_before.end() && table.vacuums > before->second)
                    upkeep_.done(table);
        });
        if (thrown)
            take_back(upkeep_record_, thrown);
        else
            upkeep_record_.succeeded(Clock::now());
        return ending;
    }

    static void take_back(DutyRecord& record, const std::exception_ptr& thrown) {
        pg::call(roll_back);
        record.failed(pg::failure_of(thrown), engine::at_hand(), Clock::now());
        engine::put_down();
    }

    // One duty in a transaction of its own.
    std::optional<Ending> perform(DutyRecord& record) {
        const Duty& duty = record.duty();
        const Clock::time_point begun = Clock::now();
        std::int64_t done = 0;
        const std::set<pg::Uuid> aside = record.aside(begun);
        const auto do_it = [&] {
            if (!restore_is_under_way()) done = engine::perform(duty, aside);
        };
        if (const auto ending = in_transaction(record.activity(), duty.durable, do_it)) return ending;
        record.succeeded(begun);
        if (done >= duty.at_most) {
            more_ = true;
            if (duty.when == When::by_clock) more_by_clock_ = true;
        }
        const Clock::time_point now = Clock::now();
        if (done == 0 && duty.when == When::always && !duty.never_rests)
            record.found_nothing(now - begun, now);
        return std::nullopt;
    }

    // Does `work` as the extension's owner, unless the extension is not what it was.
    template <class Work>
    std::optional<Ending> in_transaction(const char* activity, bool durable, Work work) {
        pg::call(begin_transaction, activity);
        const Extension found = pg::call([this] { return lock_extension(extension_.id); });
        if (found.written_by != extension_.written_by) {
            pg::call(end_statements);
            pg::call(commit);
            return OidIsValid(found.id) ? Ending::renewal : Ending::not_needed;
        }
        pg::call(act_as, found.owner, durable);
        {
            const pg::StatementAccess access(false);
            work();
        }
        pg::call(end_statements);
        pg::call(commit);
        return std::nullopt;
    }

    void look_again_at(Clock::time_point when) { next_look_ = std::min(next_look_.value_or(when), when); }

    Clock::time_point next_by_clock() const {
        if (!last_by_clock_) return {};
        return *last_by_clock_ + Milliseconds(engine::settings::naptime_milliseconds);
    }

    long idle_milliseconds() const {
        if (more_) return 0;
        const Clock::time_point next =
            std::min(next_by_clock(), next_look_.value_or(Clock::time_point::max()));
        const auto left = std::chrono::ceil<Milliseconds>(next - Clock::now());
        return static_cast<long>(std::max<Milliseconds::rep>(left.count(), 0));
    }

    Extension extension_;
    std::vector<DutyRecord> records_;
    static constexpr Duty upkeep_duty_{"vacuumed", nullptr};
    DutyRecord upkeep_record_{upkeep_duty_};  // no duty of a round: it runs in no transaction
    Upkeep upkeep_;
    Restoration restoration_ = Restoration::unknown;
    std::optional<Clock::time_point> last_by_clock_;  // the end of the last round by the clock
    std::optional<Clock::time_point> next_look_;      // of a duty that this round passed over
    bool more_ = false;                               // some duty had more to do than it does at once
    bool more_by_clock_ = false;                      // ... and one that is done by the clock
};

void run_scheduler(Oid database) {
    const bool attached = pg::call(
        [](Oid own) {
            take_signals();
            if (!attach(own)) return false;
            BackgroundWorkerInitializeConnectionByOid(own, InvalidOid, 0);
            settle("hil scheduler");
            begin_probing();
            return true;
        },
        database);
    if (!attached) return;
    const Extension extension = pg::call(find_extension);
    if (!OidIsValid(extension.id)) return end_as(Ending::not_needed);
    pg::call(begin_serving);
    end_as(Scheduler(extension).run());
}

}  // namespace

bool request_scheduler(Oid database) {
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;  // the launcher decides
    snprintf(worker.bgw_library_name, sizeof worker.bgw_library_name, "%s", "hil");
    snprintf(worker.bgw_function_name, sizeof worker.bgw_function_name, "%s", "hil_scheduler_main");
    snprintf(worker.bgw_name, sizeof worker.bgw_name, "hil scheduler for database %u", database);
    snprintf(worker.bgw_type, sizeof worker.bgw_type, "%s", "hil scheduler");
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = MyProcPid;
    return RegisterDynamicBackgroundWorker(&worker, nullptr);
}

}  // namespace hil::background

extern "C" {
PGDLLEXPORT void hil_scheduler_main(Datum database);

void hil_scheduler_main(Datum database) {
    hil::pg::entry([&] { hil::background::run_scheduler(DatumGetObjectId(database)); });
    proc_exit(0);
}
}
