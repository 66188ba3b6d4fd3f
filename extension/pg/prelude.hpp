// Every Postgres header the backend uses, and what differs between server versions.
// Only files of pg/, functions/ and module.cpp include it; engine/ sees Postgres through statement.hpp and
// values.hpp.
#pragma once

// Postgres's port.h turns printf and its family into macros, so whatever calls std::snprintf is read before
// it.
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.hpp"

extern "C" {
// clang-format off
#include <postgres.h>
// clang-format on
#include <access/detoast.h>
#include <access/genam.h>
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/relation.h>
#include <access/relscan.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/transam.h>
#include <access/visibilitymap.h>
#include <access/xact.h>
#include <catalog/indexing.h>
#include <catalog/namespace.h>
#include <catalog/pg_am.h>
#include <catalog/pg_database.h>
#include <catalog/pg_extension.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_trigger.h>
#include <catalog/pg_type.h>
#include <commands/async.h>
#include <commands/dbcommands.h>
#include <commands/defrem.h>
#include <commands/extension.h>
#include <commands/trigger.h>
#include <commands/vacuum.h>
#include <common/int.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <fmgr.h>
#include <funcapi.h>
#include <mb/pg_wchar.h>
#include <miscadmin.h>
#include <nodes/makefuncs.h>
#include <optimizer/optimizer.h>
#include <optimizer/planner.h>
#include <parser/parse_node.h>
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <rewrite/rewriteHandler.h>
#include <storage/bufmgr.h>
#include <storage/condition_variable.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lmgr.h>
#include <storage/lock.h>
#include <storage/lwlock.h>
#include <storage/predicate.h>
#include <storage/proc.h>
#include <storage/procarray.h>
#include <storage/shmem.h>
#include <storage/sinval.h>
#include <tcop/tcopprot.h>
#include <tcop/utility.h>
#include <utils/acl.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/datetime.h>
#include <utils/fmgroids.h>
#include <utils/guc.h>
#include <utils/inval.h>
#include <utils/jsonb.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/numeric.h>
#include <utils/plancache.h>
#include <utils/rel.h>
#include <utils/relcache.h>
#include <utils/resowner.h>
#include <utils/snapmgr.h>
#include <utils/syscache.h>
#include <utils/timeout.h>
#include <utils/timestamp.h>
#include <utils/tuplestore.h>
#include <utils/uuid.h>
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
}

namespace hil::pg {

// What differs between server versions in the writing of rows.
inline void insert_index_entries(ResultRelInfo* relation, TupleTableSlot* slot, EState* executor,
                                 bool update = false, bool only_summarizing = false) {
#if PG_VERSION_NUM >= 160000
    ExecInsertIndexTuples(relation, slot, executor, update, false, nullptr, NIL, only_summarizing);
#else
    (void)only_summarizing;
    ExecInsertIndexTuples(relation, slot, executor, update, false, nullptr, NIL);
#endif
}

inline void update_table_row(ResultRelInfo* relation, ItemPointer at, TupleTableSlot* slot,
                             EState* executor) {
#if PG_VERSION_NUM >= 160000
    TU_UpdateIndexes indexes = TU_None;
    simple_table_tuple_update(relation->ri_RelationDesc, at, slot, executor->es_snapshot, &indexes);
    if (indexes != TU_None) insert_index_entries(relation, slot, executor, true, indexes == TU_Summarizing);
#else
    bool indexes = false;
    simple_table_tuple_update(relation->ri_RelationDesc, at, slot, executor->es_snapshot, &indexes);
    if (indexes) insert_index_entries(relation, slot, executor, true);
#endif
}

// After the last row of a statement.
inline void finish_insertions([[maybe_unused]] Relation index, [[maybe_unused]] IndexInfo* info) {
#if PG_VERSION_NUM >= 170000
    index_insert_cleanup(index, info);
#endif
}

inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

}  // namespace hil::pg

// Before 16 the server's macro is empty, and our symbols are hidden unless they say otherwise.
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r

namespace hil::pg {

inline bool owns_database(Oid database, Oid role) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(DatabaseRelationId, database, role);
#else
    return pg_database_ownercheck(database, role);
#endif
}

}  // namespace hil::pg
