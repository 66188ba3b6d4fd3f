#include "pg/range.hpp"

#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/table_heap.hpp"

namespace hil::pg::detail {
namespace {

// A Range without anything that has a destructor.
struct RawRange {
    const char* table;
    const char* index;
    int bound_count;
    int column_count;
    int bound_columns[Range::most];
    int strategies[Range::most];
    RawValue values[Range::most];
    Oid types[Range::most];  // of the values
    const char* columns[Range::most];
    bool backwards;
};

bool is_usable(Relation index, Relation table) {
    const Form_pg_index form = index->rd_index;
    return form != nullptr && form->indrelid == RelationGetRelid(table) && form->indisvalid &&
           index->rd_rel->relam == BTREE_AM_OID && heap::usable_now(index);
}

// An index of that name may have been made anew, with other columns.
bool has_columns(Relation index, const RawRange& range) {
    for (int i = 0; i < range.bound_count; ++i) {
        const int column = range.bound_columns[i];
        if (column > IndexRelationGetNumberOfKeyAttributes(index) ||
            index->rd_opcintype[column - 1] != range.types[i])
            return false;
    }
    return true;
}

void set_scan_key(ScanKeyData& key, Relation index, int column, int strategy, const RawValue& value) {
    const Oid type = index->rd_opcintype[column - 1];
    const Oid comparison =
        get_opfamily_member(index->rd_opfamily[column - 1], type, type, static_cast<int16>(strategy));
    ScanKeyEntryInitialize(&key, 0, static_cast<AttrNumber>(column), static_cast<StrategyNumber>(strategy),
                           InvalidOid, index->rd_indcollation[column - 1], get_opcode(comparison),
                           to_datum(value, type));
}

Cell cell_of(TupleTableSlot* slot, AttrNumber number, Oid type) {
    Cell cell;
    const Datum datum = slot_getattr(slot, number, &cell.null);
    if (cell.null) return cell;
    switch (type) {
        case INT4OID:
            cell.integer = DatumGetInt32(datum);
            return cell;
        case INT8OID:
            cell.integer = DatumGetInt64(datum);
            return cell;
        case TEXTOID: {
            text* value = DatumGetTextPP(datum);
            cell.text = {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
            return cell;
        }
        case INT8ARRAYOID: {
            ArrayType* array = DatumGetArrayTypeP(datum);
            if (ARR_HASNULL(array)) elog(ERROR, "hil: an array of counts holds NULL");
            cell.integers = reinterpret_cast<const std::int64_t*>(ARR_DATA_PTR(array));
            cell.count = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)));
            return cell;
        }
        default:
            elog(ERROR, "hil: no cell of type %u", type);
    }
    pg_unreachable();
}

using Visitor = bool (*)(void* state, const Cell* cells);

void scan(const RawRange& range, Relation table, Relation index, Visitor visitor, void* state) {
    ScanKeyData keys[Range::most];
    for (int i = 0; i < range.bound_count; ++i)
        set_scan_key(keys[i], index, range.bound_columns[i], range.strategies[i], range.values[i]);
    AttrNumber numbers[Range::most];
    Oid types[Range::most];
    for (int i = 0; i < range.column_count; ++i) {
        numbers[i] = get_attnum(RelationGetRelid(table), range.columns[i]);
        if (numbers[i] <= 0)
            elog(ERROR, "hil: %s has no column \"%s\"", RelationGetRelationName(table), range.columns[i]);
        types[i] = TupleDescAttr(RelationGetDescr(table), numbers[i] - 1)->atttypid;
    }
    IndexScanDesc descriptor = begin_index_scan(table, index, GetActiveSnapshot(), range.bound_count);
    const bool index_only = range.column_count == 0;
    // Keeps the index's page, so that no VACUUM frees a row's place before the visibility map was looked at.
    descriptor->xs_want_itup = index_only;
    index_rescan(descriptor, keys, range.bound_count, nullptr, 0);
    TupleTableSlot* slot = table_slot_create(table, nullptr);
    const ScanDirection direction = range.backwards ? BackwardScanDirection : ForwardScanDirection;
    Buffer map = InvalidBuffer;
    bool more = true;
    for (ItemPointer row; more && (row = index_getnext_tid(descriptor, direction)) != nullptr;) {
        CHECK_FOR_INTERRUPTS();
        const BlockNumber page = ItemPointerGetBlockNumber(row);
        Cell cells[Range::most];
        if (index_only && VM_ALL_VISIBLE(table, page, &map)) {
            PredicateLockPage(table, page, GetActiveSnapshot());
        } else {
            if (!index_fetch_heap(descriptor, slot)) continue;
            for (int i = 0; i < range.column_count; ++i) cells[i] = cell_of(slot, numbers[i], types[i]);
        }
        more = visitor(state, cells);
    }
    if (BufferIsValid(map)) ReleaseBuffer(map);
    ExecDropSingleTupleTableSlot(slot);
    index_endscan(descriptor);
}

bool visit_raw(const RawRange* range, Visitor visitor, void* state) {
    const Oid schema = get_namespace_oid("hil", false);
    Relation table = table_open(get_relname_relid(range->table, schema), AccessShareLock);
    bool possible = heap::is_plain(table, TableStatement::Verb::find, nullptr);
    if (possible) {
        Relation index = try_relation_open(get_relname_relid(range->index, schema), AccessShareLock);
        possible = index != nullptr && is_usable(index, table) && has_columns(index, *range);
        if (possible) scan(*range, table, index, visitor, state);
        if (index != nullptr) relation_close(index, NoLock);
    }
    table_close(table, NoLock);
    return possible;
}

}  // namespace

bool visit(const Range& range, Visitor visitor, void* state) {
    RawRange raw{};
    raw.table = range.table;
    raw.index = range.index;
    raw.backwards = range.backwards;
    if (range.bounds.size() > Range::most || range.columns.size() > Range::most)
        throw std::logic_error("a range has too many bounds or columns");
    std::vector<RawValue::Piece> pieces;  // of arrays, which no bound is
    for (const Bound& bound : range.bounds) {
        raw.bound_columns[raw.bound_count] = bound.column;
        raw.strategies[raw.bound_count] = static_cast<int>(bound.is);
        raw.types[raw.bound_count] = sql_type(bound.value);
        raw.values[raw.bound_count++] = view(bound.value, pieces);
    }
    for (const char* column : range.columns) raw.columns[raw.column_count++] = column;
    return call(visit_raw, static_cast<const RawRange*>(&raw), visitor, state);
}

void push_snapshot(bool read_only) {
    call(
        [](bool callers) {
            if (!callers) CommandCounterIncrement();
            PushActiveSnapshot(callers ? GetActiveSnapshot() : GetTransactionSnapshot());
        },
        read_only);
}

void pop_snapshot() { call(PopActiveSnapshot); }

}  // namespace hil::pg::detail
