#include "pg/vacuum.hpp"

#include "pg/guard.hpp"

namespace hil::pg {
namespace {

// Lives over the transactions that VACUUM commits.
MemoryContext memory = nullptr;

DefElem* option(const char* name, bool on) {
    return makeDefElem(pstrdup(name), reinterpret_cast<Node*>(makeString(pstrdup(on ? "on" : "off"))), -1);
}

void run(std::uint32_t table, int limit) {
    if (memory == nullptr)
        memory = AllocSetContextCreate(TopMemoryContext, "hil vacuum", ALLOCSET_SMALL_SIZES);
    MemoryContextReset(memory);
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    pgstat_report_activity(STATE_RUNNING, "hil: vacuum");
    MemoryContext before = MemoryContextSwitchTo(memory);
    PortalContext = memory;
    auto* statement = makeNode(VacuumStmt);
    statement->is_vacuumcmd = true;
    statement->options =
        list_make3(option("skip_locked", true), option("index_cleanup", true), option("truncate", false));
    statement->rels = list_make1(makeVacuumRelation(nullptr, table, NIL));
    enable_timeout_after(STATEMENT_TIMEOUT, limit);
    PG_TRY();
    { ExecVacuum(make_parsestate(nullptr), statement, true); }
    PG_FINALLY();
    {
        disable_timeout(STATEMENT_TIMEOUT, false);
        PortalContext = nullptr;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(before);
    CommitTransactionCommand();
    pgstat_report_activity(STATE_IDLE, nullptr);
}

}  // namespace

void vacuum(std::uint32_t table, std::chrono::milliseconds limit) {
    call(run, table, static_cast<int>(limit.count()));
}

}  // namespace hil::pg
