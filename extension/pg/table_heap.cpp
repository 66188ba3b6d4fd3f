#include "pg/table_heap.hpp"

#include <algorithm>

namespace hil::pg::heap {
namespace {

// ---- resolving
// -----------------------------------------------------------------------------------------------------

// Tables and their indexes. An index that becomes ready for insertions says so of itself alone.
constexpr int max_relations = 512;
Oid relations_in_use[max_relations];
int relation_count = 0;
std::uint64_t current_generation = 1;

bool is_watched(Oid relation) {
    Oid* end = relations_in_use + relation_count;
    return std::find(relations_in_use, end, relation) != end;
}

void relation_changed(Datum /*argument*/, Oid relation) {
    if (relation == InvalidOid || is_watched(relation)) ++current_generation;
}

// A CHECK or a default may have taken in what a function of SQL says.
void function_changed(Datum /*argument*/, int /*cache*/, uint32 /*hash*/) { ++current_generation; }

void watch(Oid relation) {
    static bool registered = false;
    if (!registered) {
        CacheRegisterRelcacheCallback(relation_changed, Datum{0});
        CacheRegisterSyscacheCallback(PROCOID, function_changed, Datum{0});
        registered = true;
    }
    if (is_watched(relation)) return;
    // The extension was dropped and created again so often that the list is full: forget what is gone.
    if (relation_count == max_relations) {
        relation_count = 0;
        ++current_generation;
    }
    relations_in_use[relation_count++] = relation;
}

void read_columns(Columns& out, Relation table, const char* list) {
    if (list == nullptr) return;
    char* names = pstrdup(list);
    char* rest = nullptr;
    for (char* name = strtok_r(names, ", ", &rest); name != nullptr; name = strtok_r(nullptr, ", ", &rest)) {
        const AttrNumber number = get_attnum(RelationGetRelid(table), name);
        if (number <= 0 || out.count == max_columns)
            elog(ERROR, "hil: %s has no column \"%s\"", RelationGetRelationName(table), name);
        out.numbers[out.count] = number;
        out.types[out.count] = TupleDescAttr(RelationGetDescr(table), number - 1)->atttypid;
        ++out.count;
    }
}

// TRUNCATE triggers too: extensions that keep a table's rows elsewhere are known by them.
bool trigger_matters(const Trigger& trigger, TableStatement::Verb verb, const char* guard) {
    if (guard != nullptr && strcmp(trigger.tgname, guard) == 0) return false;
    if (TRIGGER_FOR_TRUNCATE(trigger.tgtype)) return true;
    if (verb == TableStatement::Verb::insert) return TRIGGER_FOR_INSERT(trigger.tgtype);
    if (verb == TableStatement::Verb::update) return TRIGGER_FOR_UPDATE(trigger.tgtype);
    return false;
}

// Resolves the index and what is needed to search it. Returns false where the index is not the one that was
// meant.
bool resolve_index(Target& target, Relation table, const char* name) {
    target.index = get_relname_relid(name, RelationGetNamespace(table));
    watch(target.index);
    Relation index = OidIsValid(target.index) ? try_relation_open(target.index, AccessShareLock) : nullptr;
    if (index == nullptr) return false;
    const Form_pg_index form = index->rd_index;
    bool fits = form != nullptr && form->indrelid == RelationGetRelid(table) && form->indisvalid &&
                index->rd_rel->relam == BTREE_AM_OID && form->indnkeyatts >= target.keys.count;
    for (int i = 0; fits && i < target.keys.count; ++i) {
        fits = form->indkey.values[i] == target.keys.numbers[i];
        const Oid type = target.keys.types[i];
        const Oid equals = get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
                                               index->rd_opcintype[i], BTEqualStrategyNumber);
        fits = fits && OidIsValid(equals) && index->rd_opcintype[i] == type;
        if (!fits) break;
        ScanKeyEntryInitialize(&target.scan_keys[i], 0, static_cast<AttrNumber>(i + 1), BTEqualStrategyNumber,
                               InvalidOid, index->rd_indcollation[i], get_opcode(equals), Datum{0});
    }
    if (fits) {
        List* predicate = RelationGetIndexPredicate(index);
        if (predicate != NIL) target.predicate = ExecPrepareQual(predicate, target.executor);
    }
    relation_close(index, NoLock);
    return fits;
}

bool named(const Columns& columns, AttrNumber number) {
    for (int i = 0; i < columns.count; ++i)
        if (columns.numbers[i] == number) return true;
    return false;
}

void resolve_defaults(Target& target, Relation table) {
    TupleDesc description = RelationGetDescr(table);
    target.defaults = static_cast<Default*>(palloc(sizeof(Default) * description->natts));
    for (int i = 0; i < description->natts; ++i) {
        const Form_pg_attribute attribute = TupleDescAttr(description, i);
        if (attribute->attisdropped || named(target.columns, attribute->attnum)) continue;
        auto* value = reinterpret_cast<Expr*>(build_column_default(table, attribute->attnum));
        if (value == nullptr) continue;
        target.defaults[target.default_count++] = {attribute->attnum,
                                                   ExecPrepareExpr(value, target.executor)};
    }
}

void resolve_writing(Target& target, Relation table) {
    target.relation = makeNode(ResultRelInfo);
    InitResultRelInfo(target.relation, table, 0, nullptr, 0);
    ListCell* cell;
    foreach (cell, RelationGetIndexList(table)) watch(lfirst_oid(cell));
    ExecOpenIndices(target.relation, false);
    const int count = target.relation->ri_NumIndices;
    target.indexes = static_cast<Oid*>(palloc(sizeof(Oid) * (count + 1)));
    for (int i = 0; i < count; ++i)
        target.indexes[i] = RelationGetRelid(target.relation->ri_IndexRelationDescs[i]);
    ExecCloseIndices(target.relation);
}

// ---- running
// -------------------------------------------------------------------------------------------------------

// Opens the table, which lets other sessions' changes to it through; nullptr where there were any.
Relation open_table(const Target& target, LOCKMODE mode) {
    Relation table = try_table_open(target.table, mode);
    if (table == nullptr) return nullptr;
    if (target.resolved_at == current_generation) return table;
    table_close(table, mode);
    return nullptr;
}

Found begin() {
    MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "hil rows", ALLOCSET_SMALL_SIZES);
    return {false, 0, nullptr, 0, memory};
}

// Appends the row in `slot`. The cells point into a copy of it, so the slot may go.
void keep_row(Found& found, TupleTableSlot* slot, const Columns& columns) {
    const std::size_t used = found.rows * columns.count;
    if (used + columns.count >= found.room) {
        found.room = 2 * (used + columns.count) + 16;
        const std::size_t bytes = sizeof(RawValue) * found.room;
        found.cells = static_cast<RawValue*>(found.cells == nullptr
                                                 ? MemoryContextAllocHuge(CurrentMemoryContext, bytes)
                                                 : repalloc_huge(found.cells, bytes));
    }
    HeapTuple copy = ExecCopySlotHeapTuple(slot);
    for (int i = 0; i < columns.count; ++i) {
        bool null = false;
        const Datum datum = heap_getattr(copy, columns.numbers[i], slot->tts_tupleDescriptor, &null);
        found.cells[used + i] = from_datum(datum, null, columns.types[i]);
    }
    ++found.rows;
}

// A row that was waited for may have changed meanwhile: whether it is still one that was searched.
bool still_matches(const Target& target, const ScanKeyData* keys, TupleTableSlot* slot) {
    for (int i = 0; i < target.keys.count; ++i) {
        bool null = false;
        const Datum value = slot_getattr(slot, target.keys.numbers[i], &null);
        auto* equals = const_cast<FmgrInfo*>(&keys[i].sk_func);
        if (null ||
            !DatumGetBool(FunctionCall2Coll(equals, keys[i].sk_collation, value, keys[i].sk_argument)))
            return false;
    }
    if (target.predicate == nullptr) return true;
    ExprContext* context = GetPerTupleExprContext(target.executor);
    context->ecxt_scantuple = slot;
    return ExecQual(target.predicate, context);
}

[[noreturn]] void refuse_concurrent_change() {
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access due to concurrent update")));
    pg_unreachable();
}

// Whether a transaction that goes on has locked or changed the row. Seen from its header alone, so only a
// hint.
bool is_held(TupleTableSlot* slot) {
    const HeapTupleHeader header = reinterpret_cast<HeapTupleTableSlot*>(slot)->tuple->t_data;
    const std::uint16_t flags = header->t_infomask;
    if ((flags & (HEAP_XMAX_INVALID | HEAP_XMAX_IS_MULTI)) != 0 || HEAP_XMAX_IS_KEYSHR_LOCKED(flags))
        return false;
    const TransactionId holder = HeapTupleHeaderGetRawXmax(header);
    return TransactionIdIsValid(holder) && !TransactionIdIsCurrentTransactionId(holder) &&
           TransactionIdIsInProgress(holder);
}

// Locks the row in `slot` and leaves its newest version there. False where it is gone, changed so that it
// does not match any more, or held by somebody while `locking` skips such rows.
bool lock_row(const Target& target, const ScanKeyData* keys, Relation table, TupleTableSlot* slot,
              Locking locking) {
    ItemPointerData at = slot->tts_tid;
    TM_FailureData failure;
    // Not TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS, with which SELECT ... FOR UPDATE locks: it makes the lock
    // follow the row's versions and wait for whoever holds a later one, SKIP LOCKED or not. Only locks beside
    // which an update can be in progress have use for it.
    const int flags = IsolationUsesXactSnapshot() ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
    const TM_Result result = table_tuple_lock(
        table, &at, GetActiveSnapshot(), slot, GetCurrentCommandId(true), LockTupleNoKeyExclusive,
        locking == Locking::wait ? LockWaitBlock : LockWaitSkip, flags, &failure);
    switch (result) {
        case TM_Ok:
            return !failure.traversed || still_matches(target, keys, slot);
        case TM_WouldBlock:
        case TM_SelfModified:
            return false;
        case TM_Updated:
        case TM_Deleted:
            if (IsolationUsesXactSnapshot()) refuse_concurrent_change();
            if (result == TM_Deleted) return false;
            break;
        default:
            break;
    }
    elog(ERROR, "hil: locking a row of %s ended with %d", RelationGetRelationName(table),
         static_cast<int>(result));
    pg_unreachable();
}

// A search of the table by the keys, on the active snapshot; nullptr where a key is NULL, which equals
// nothing.
IndexScanDesc begin_search(const Target& target, Relation table, Relation index, const RawValue* keys,
                           ScanKeyData* scan_keys) {
    memcpy(scan_keys, target.scan_keys, sizeof(ScanKeyData) * target.keys.count);
    for (int i = 0; i < target.keys.count; ++i) {
        if (keys[i].kind == RawValue::Kind::null) return nullptr;
        scan_keys[i].sk_argument = to_datum(keys[i], target.keys.types[i]);
    }
    IndexScanDesc scan = begin_index_scan(table, index, GetActiveSnapshot(), target.keys.count);
    index_rescan(scan, scan_keys, target.keys.count, nullptr, 0);
    return scan;
}

// As SPI does for a statement that may write: it sees what was committed before it and what this transaction
// did.
void push_snapshot(bool read_only) {
    if (read_only) {
        PushActiveSnapshot(GetActiveSnapshot());
        return;
    }
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
}

void open_indexes(const Target& target, Relation table) {
    ResultRelInfo* relation = target.relation;
    relation->ri_RelationDesc = table;
    for (int i = 0; i < relation->ri_NumIndices; ++i) {
        relation->ri_IndexRelationDescs[i] = index_open(target.indexes[i], RowExclusiveLock);
        // What the kind of index remembers from row to row (pages, pointers into the relation) is good for
        // this statement alone.
        relation->ri_IndexRelationInfo[i]->ii_AmCache = nullptr;
        relation->ri_IndexRelationInfo[i]->ii_Context = CurrentMemoryContext;
    }
    ResetPerTupleExprContext(target.executor);
    target.executor->es_snapshot = GetActiveSnapshot();
    target.executor->es_output_cid = GetCurrentCommandId(true);
}

void close_indexes(const Target& target) {
    ResultRelInfo* relation = target.relation;
    for (int i = 0; i < relation->ri_NumIndices; ++i) {
        finish_insertions(relation->ri_IndexRelationDescs[i], relation->ri_IndexRelationInfo[i]);
        index_close(relation->ri_IndexRelationDescs[i], NoLock);
    }
    target.executor->es_snapshot = nullptr;
}

void check_constraints(const Target& target, TupleTableSlot* slot) {
    if (target.relation->ri_RelationDesc->rd_att->constr != nullptr)
        ExecConstraints(target.relation, slot, target.executor);
}

void set_value(TupleTableSlot* slot, const Columns& columns, int i, const RawValue& value) {
    const int at = columns.numbers[i] - 1;
    slot->tts_isnull[at] = value.kind == RawValue::Kind::null;
    if (!slot->tts_isnull[at]) slot->tts_values[at] = to_datum(value, columns.types[i]);
}

// Writes the row in `old`, which is locked, anew with other values in the statement's columns.
void replace_row(const Target& target, Relation table, TupleTableSlot* old, const RawValue* values) {
    CheckCmdReplicaIdentity(table, CMD_UPDATE);
    open_indexes(target, table);
    TupleTableSlot* slot = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
    slot_getallattrs(old);
    const int count = RelationGetDescr(table)->natts;
    memcpy(slot->tts_values, old->tts_values, sizeof(Datum) * count);
    memcpy(slot->tts_isnull, old->tts_isnull, sizeof(bool) * count);
    for (int i = 0; i < target.columns.count; ++i) set_value(slot, target.columns, i, values[i]);
    ExecStoreVirtualTuple(slot);
    check_constraints(target, slot);
    update_table_row(target.relation, &old->tts_tid, slot, target.executor);
    ExecDropSingleTupleTableSlot(slot);
    close_indexes(target);
}

}  // namespace

std::uint64_t generation() { return current_generation; }

bool is_plain(Relation table, TableStatement::Verb verb, const char* guard) {
    const Form_pg_class form = table->rd_rel;
    if (form->relkind != RELKIND_RELATION || form->relispartition || form->relrowsecurity ||
        form->relhasrules || form->relhassubclass || table->rd_tableam != GetHeapamTableAmRoutine())
        return false;
    const TupleConstr* constraints = RelationGetDescr(table)->constr;
    if (constraints != nullptr && constraints->has_generated_stored) return false;
    const int triggers = table->trigdesc == nullptr ? 0 : table->trigdesc->numtriggers;
    for (int i = 0; i < triggers; ++i)
        if (trigger_matters(table->trigdesc->triggers[i], verb, guard)) return false;
    return true;
}

bool usable_now(Relation index) {
    return !index->rd_index->indcheckxmin ||
           TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data), TransactionXmin);
}

Target* resolve(TableStatement::Verb verb, const char* table_name, const By& by, const char* columns,
                const char* returning, const char* guard) {
    // A child of the caller's memory until all is well, so that an ERROR leaves nothing behind.
    MemoryContext memory =
        AllocSetContextCreate(CurrentMemoryContext, "hil table statement", ALLOCSET_SMALL_SIZES);
    MemoryContext before = MemoryContextSwitchTo(memory);
    auto* target = static_cast<Target*>(palloc0(sizeof(Target)));
    target->memory = memory;
    const LOCKMODE mode = verb == TableStatement::Verb::find ? AccessShareLock : RowExclusiveLock;
    target->table = RangeVarGetRelid(makeRangeVar(pstrdup("hil"), pstrdup(table_name), -1), mode, false);
    // What changes while the rest is looked up makes the target stale at once.
    watch(target->table);
    target->resolved_at = current_generation;
    Relation table = table_open(target->table, NoLock);
    target->executor = CreateExecutorState();
    read_columns(target->keys, table, by.keys);
    read_columns(target->columns, table, columns);
    read_columns(target->returning, table, returning);
    target->plain =
        is_plain(table, verb, guard) && (by.index == nullptr || resolve_index(*target, table, by.index));
    if (target->plain && verb != TableStatement::Verb::find) resolve_writing(*target, table);
    if (target->plain && verb == TableStatement::Verb::insert) resolve_defaults(*target, table);
    table_close(table, NoLock);
    MemoryContextSwitchTo(before);
    MemoryContextSetParent(memory, TopMemoryContext);
    return target;
}

void forget(Target* target) { MemoryContextDelete(target->memory); }

Found find(const Target* target, Search search) {
    Found found = begin();
    const bool locking = search.locking == Locking::wait || search.locking == Locking::skip;
    const bool passes_over = search.locking == Locking::unheld || search.locking == Locking::skip;
    if (locking) {
        PreventCommandIfReadOnly("SELECT FOR NO KEY UPDATE");
        PreventCommandIfParallelMode("SELECT FOR NO KEY UPDATE");
    }
    Relation table = open_table(*target, locking ? RowShareLock : AccessShareLock);
    found.stale = table == nullptr;
    if (found.stale) return found;
    MemoryContext before = MemoryContextSwitchTo(found.memory);
    push_snapshot(search.read_only);
    Relation index = index_open(target->index, AccessShareLock);
    found.stale = !usable_now(index);
    ScanKeyData keys[INDEX_MAX_KEYS];
    IndexScanDesc scan = found.stale ? nullptr : begin_search(*target, table, index, search.keys, keys);
    if (scan != nullptr) {
        TupleTableSlot* slot = table_slot_create(table, nullptr);
        while (found.rows < search.at_most && index_getnext_slot(scan, ForwardScanDirection, slot)) {
            CHECK_FOR_INTERRUPTS();
            if (passes_over && is_held(slot)) continue;
            if (locking && !lock_row(*target, keys, table, slot, search.locking)) continue;
            keep_row(found, slot, target->columns);
        }
        index_endscan(scan);
        ExecDropSingleTupleTableSlot(slot);
    }
    index_close(index, NoLock);
    PopActiveSnapshot();
    table_close(table, NoLock);
    MemoryContextSwitchTo(before);
    return found;
}

Found insert(const Target* target, const RawValue* values) {
    Found found = begin();
    PreventCommandIfReadOnly("INSERT");
    PreventCommandIfParallelMode("INSERT");
    Relation table = open_table(*target, RowExclusiveLock);
    found.stale = table == nullptr;
    if (found.stale) return found;
    MemoryContext before = MemoryContextSwitchTo(found.memory);
    push_snapshot(false);
    open_indexes(*target, table);
    TupleTableSlot* slot = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsVirtual);
    ExecStoreAllNullTuple(slot);
    for (int i = 0; i < target->columns.count; ++i) set_value(slot, target->columns, i, values[i]);
    ExprContext* context = GetPerTupleExprContext(target->executor);
    for (int i = 0; i < target->default_count; ++i) {
        const int at = target->defaults[i].column - 1;
        slot->tts_values[at] =
            ExecEvalExprSwitchContext(target->defaults[i].value, context, &slot->tts_isnull[at]);
    }
    check_constraints(*target, slot);
    simple_table_tuple_insert(table, slot);
    if (target->relation->ri_NumIndices > 0) insert_index_entries(target->relation, slot, target->executor);
    keep_row(found, slot, target->returning);
    ExecDropSingleTupleTableSlot(slot);
    close_indexes(*target);
    PopActiveSnapshot();
    table_close(table, NoLock);
    MemoryContextSwitchTo(before);
    return found;
}

Found update(const Target* target, const RawValue* arguments) {
    Found found = begin();
    PreventCommandIfReadOnly("UPDATE");
    PreventCommandIfParallelMode("UPDATE");
    Relation table = open_table(*target, RowExclusiveLock);
    found.stale = table == nullptr;
    if (found.stale) return found;
    MemoryContext before = MemoryContextSwitchTo(found.memory);
    push_snapshot(false);
    Relation index = index_open(target->index, AccessShareLock);
    found.stale = !usable_now(index);
    ScanKeyData keys[INDEX_MAX_KEYS];
    IndexScanDesc scan = found.stale ? nullptr : begin_search(*target, table, index, arguments, keys);
    if (scan != nullptr) {
        TupleTableSlot* old = table_slot_create(table, nullptr);
        while (found.rows == 0 && index_getnext_slot(scan, ForwardScanDirection, old))
            if (lock_row(*target, keys, table, old, Locking::wait)) ++found.rows;
        index_endscan(scan);
        if (found.rows > 0) replace_row(*target, table, old, arguments + target->keys.count);
        ExecDropSingleTupleTableSlot(old);
    }
    index_close(index, NoLock);
    PopActiveSnapshot();
    table_close(table, NoLock);
    MemoryContextSwitchTo(before);
    return found;
}

void release(Found found) { MemoryContextDelete(found.memory); }

}  // namespace hil::pg::heap
