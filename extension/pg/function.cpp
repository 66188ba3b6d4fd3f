#include "pg/function.hpp"

#include <algorithm>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "pg/datum.hpp"

namespace hil::pg {
namespace {

// Nothing takes an array longer than this; what each takes at most is checked where it is known.
constexpr int max_elements = 100'000;

// The declared type of an argument; the fastpath protocol calls without an expression that would tell it.
Oid type_of(FunctionCallInfo call_info, int position) {
    const Oid type = get_fn_expr_argtype(call_info->flinfo, position);
    if (OidIsValid(type)) return type;
    Oid* types;
    int count;
    get_func_signature(call_info->flinfo->fn_oid, &types, &count);
    return types[position];
}

// An argument, after a look at how much it would weigh once it is unpacked: a few hundred toasted bytes can
// be a gigabyte.
RawValue raw_argument(FunctionCallInfo call_info, int position) {
    if (call_info->args[position].isnull) return {};
    const Oid type = type_of(call_info, position);
    const Datum datum = call_info->args[position].value;
    if (type == JSONBOID) require_readable(DatumGetJsonbP(datum));
    if (OidIsValid(get_element_type(type))) require_at_most(DatumGetArrayTypeP(datum), max_elements);
    return from_datum(datum, false, type);
}

void require_within(const std::string& text, const char* name, const ByteLimit& limit) {
    if (text.size() <= limit.bytes) return;
    throw Refusal(Reason::invalid_argument,
                  std::string(name) + " has " + std::to_string(text.size()) + " bytes, at most " +
                      std::to_string(limit.bytes) + " are allowed",
                  std::string("Shorten ") + name +
                      (limit.setting == nullptr ? "." : std::string(", or raise ") + limit.setting + "."));
}

Datum datum_of(const Value& value, Oid type) {
    std::vector<RawValue::Piece> pieces;
    const RawValue raw = view(value, pieces);
    return call([](const RawValue* from, Oid to) { return to_datum(*from, to); }, &raw, type);
}

Datum single(FunctionCallInfo call_info, const Value& value) {
    if (std::holds_alternative<std::monostate>(value)) {
        call_info->isnull = true;
        return Datum{0};
    }
    const Oid type = call(get_func_rettype, call_info->flinfo->fn_oid);
    return datum_of(value, type);
}

Datum document(const Json& json) { return datum_of(JsonText{json.dump()}, JSONBOID); }

void put_row(ReturnSetInfo* set, const RawValue* cells, MemoryContext memory) {
    MemoryContext before = MemoryContextSwitchTo(memory);
    TupleDesc columns = set->setDesc;
    const int count = columns->natts;
    auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * count));
    auto* nulls = static_cast<bool*>(palloc0(sizeof(bool) * count));
    for (int i = 0; i < count; ++i) {
        nulls[i] = cells[i].kind == RawValue::Kind::null;
        if (!nulls[i]) values[i] = to_datum(cells[i], TupleDescAttr(columns, i)->atttypid);
    }
    tuplestore_putvalues(set->setResult, columns, values, nulls);
    MemoryContextSwitchTo(before);
    MemoryContextReset(memory);
}

Datum set_of_rows(FunctionCallInfo call_info, const Rows& rows) {
    call([](FunctionCallInfo info) { InitMaterializedSRF(info, 0); }, call_info);
    auto* set = reinterpret_cast<ReturnSetInfo*>(call_info->resultinfo);
    // Emptied after each row: a run's input is large, and a claim has many.
    MemoryContext memory =
        call([] { return AllocSetContextCreate(CurrentMemoryContext, "hil row", ALLOCSET_DEFAULT_SIZES); });
    for (const Row& row : rows) {
        std::vector<std::vector<RawValue::Piece>> pieces(row.values().size());
        std::vector<RawValue> cells;
        for (std::size_t i = 0; i < row.values().size(); ++i)
            cells.push_back(view(row.values()[i], pieces[i]));
        if (static_cast<int>(cells.size()) != set->setDesc->natts)
            throw std::logic_error("a set's row has another number of columns than the function declares");
        call(put_row, set, static_cast<const RawValue*>(cells.data()), memory);
    }
    return Datum{0};
}

void connect() {
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "hil: SPI_connect failed");
}

void finish() {
    if (SPI_finish() != SPI_OK_FINISH) elog(ERROR, "hil: SPI_finish failed");
}

}  // namespace

Value Arguments::read(int position) const { return own(call(raw_argument, call_info_, position)); }

void Arguments::refuse_null(const char* name) {
    throw Refusal(Reason::invalid_argument, std::string(name) + " must not be NULL",
                  std::string("Pass a value for ") + name + ".");
}

std::string Arguments::text(int position, const char* name, const ByteLimit& limit) const {
    auto text = required<std::string>(position, name);
    require_within(text, name, limit);
    return text;
}

std::string Arguments::nonblank_text(int position, const char* name, const ByteLimit& limit) const {
    std::optional<std::string> text = maybe_nonblank_text(position, name, limit);
    if (!text) refuse_null(name);
    return *std::move(text);
}

std::optional<std::string> Arguments::maybe_nonblank_text(int position, const char* name,
                                                          const ByteLimit& limit) const {
    std::optional<std::string> text = maybe<std::string>(position);
    if (!text) return std::nullopt;
    if (is_blank(*text))
        throw Refusal(Reason::invalid_argument, std::string(name) + " is empty",
                      std::string("Pass a text with at least one visible character as ") + name + ".");
    require_within(*text, name, limit);
    return text;
}

Document Arguments::json(int position, const char* name) const {
    auto text = required<JsonText>(position, name);
    Json json = parse_json(text.text, name);
    return {std::move(json), std::move(text)};
}

std::optional<Document> Arguments::maybe_json_object(int position, const char* name) const {
    if (call_info_->args[position].isnull) return std::nullopt;
    Document document = json(position, name);
    if (!document.json.is_object())
        throw Refusal(
            Reason::invalid_argument,
            std::string(name) + " is a JSON " + document.json.type_name() + ", an object is expected",
            std::string("Pass ") + name + " as a JSON object, for instance '{}'.");
    return document;
}

Document Arguments::json_object(int position, const char* name) const {
    std::optional<Document> document = maybe_json_object(position, name);
    if (!document) refuse_null(name);
    return *std::move(document);
}

std::optional<std::vector<std::optional<std::string>>> Arguments::maybe_texts(int position) const {
    if (call_info_->args[position].isnull) return std::nullopt;
    return optional_texts(call(raw_argument, call_info_, position));
}

std::uint32_t Arguments::role(int position, const char* name) const {
    return static_cast<std::uint32_t>(required<std::int64_t>(position, name));
}

Datum run_function(FunctionCallInfo call_info, Result (*body)(const Arguments&)) {
    return entry([&]() -> Datum {
        const StatementAccess access(call(func_volatile, call_info->flinfo->fn_oid) != PROVOLATILE_VOLATILE);
        call(connect);
        const Result result = body(Arguments(call_info));
        call(finish);
        if (const auto* value = std::get_if<Value>(&result)) return single(call_info, *value);
        if (const auto* json = std::get_if<Json>(&result)) return document(*json);
        return set_of_rows(call_info, std::get<Rows>(result));
    });
}

}  // namespace hil::pg
