#include "pg/datum.hpp"

#include "core/refusal.hpp"

namespace hil::pg {
namespace {

constexpr std::int64_t microseconds_per_day = 86'400'000'000;

template <class... Cases>
struct Overload : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overload(Cases...) -> Overload<Cases...>;

RawValue::Piece piece_of(const std::string& text) { return {text.data(), text.size(), false}; }
RawValue::Piece piece_of(const Uuid& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size(), false};
}
RawValue::Piece piece_of(const std::int64_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number, false};
}

template <class Element>
RawValue view_array(RawValue::Kind kind, const std::vector<Element>& elements,
                    std::vector<RawValue::Piece>& pieces) {
    for (const Element& element : elements) pieces.push_back(piece_of(element));
    RawValue raw;
    raw.kind = kind;
    raw.pieces = pieces.data();
    raw.count = pieces.size();
    return raw;
}

RawValue number(RawValue::Kind kind, std::int64_t value) {
    RawValue raw;
    raw.kind = kind;
    raw.integer = value;
    return raw;
}

RawValue bytes(RawValue::Kind kind, RawValue::Piece piece) {
    RawValue raw;
    raw.kind = kind;
    raw.piece = piece;
    return raw;
}

Uuid uuid_of(const RawValue::Piece& piece) {
    Uuid id;
    std::copy(piece.data, piece.data + piece.size, reinterpret_cast<char*>(id.bytes.data()));
    return id;
}

std::int64_t int64_of(const RawValue::Piece& piece) {
    std::int64_t value = 0;
    std::copy(piece.data, piece.data + piece.size, reinterpret_cast<char*>(&value));
    return value;
}

template <class Element, class Convert>
std::vector<Element> own_array(const RawValue& raw, Convert convert) {
    std::vector<Element> out;
    out.reserve(raw.count);
    for (std::size_t i = 0; i < raw.count; ++i) {
        if (raw.pieces[i].null)
            throw Refusal(Reason::invalid_argument,
                          "an array holds NULL at position " + std::to_string(i + 1), "Leave the NULL out.");
        out.push_back(convert(raw.pieces[i]));
    }
    return out;
}

// What follows runs inside guards.

Datum uuid_datum(const RawValue::Piece& piece) {
    auto* id = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
    memcpy(id->data, piece.data, UUID_LEN);
    return UUIDPGetDatum(id);
}

Datum text_datum(const RawValue::Piece& piece) {
    return PointerGetDatum(cstring_to_text_with_len(piece.data, static_cast<int>(piece.size)));
}

Datum array_datum(const RawValue& raw, Oid element) {
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * (raw.count + 1)));
    for (std::size_t i = 0; i < raw.count; ++i) {
        if (element == TEXTOID)
            elements[i] = text_datum(raw.pieces[i]);
        else if (element == UUIDOID)
            elements[i] = uuid_datum(raw.pieces[i]);
        else {
            int64 value;
            memcpy(&value, raw.pieces[i].data, sizeof value);
            elements[i] = Int64GetDatum(value);
        }
    }
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(element, &length, &by_value, &align);
    return PointerGetDatum(
        construct_array(elements, static_cast<int>(raw.count), element, length, by_value, align));
}

RawValue::Piece piece_from(Datum datum, Oid element) {
    if (element == TEXTOID) {
        text* value = DatumGetTextPP(datum);
        return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value)), false};
    }
    if (element == UUIDOID)
        return {reinterpret_cast<const char*>(DatumGetUUIDP(datum)->data), UUID_LEN, false};
    auto* copy = static_cast<int64*>(palloc(sizeof(int64)));
    *copy = DatumGetInt64(datum);
    return {reinterpret_cast<const char*>(copy), sizeof(int64), false};
}

RawValue array_from(Datum datum, Oid element, RawValue::Kind kind) {
    ArrayType* array = DatumGetArrayTypeP(datum);
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("an array of %d dimensions was given, one is expected", ARR_NDIM(array)),
                        errhint("Write it as ARRAY['a', 'b'].")));
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(element, &length, &by_value, &align);
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(array, element, length, by_value, align, &elements, &nulls, &count);
    auto* pieces = static_cast<RawValue::Piece*>(palloc(sizeof(RawValue::Piece) * (count + 1)));
    for (int i = 0; i < count; ++i)
        pieces[i] = nulls[i] ? RawValue::Piece{nullptr, 0, true} : piece_from(elements[i], element);
    RawValue raw;
    raw.kind = kind;
    raw.pieces = pieces;
    raw.count = static_cast<std::size_t>(count);
    return raw;
}

Datum json_datum(const RawValue::Piece& piece) {
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(piece.data, piece.size)));
}

Datum interval_datum(std::int64_t microseconds) {
    auto* span = static_cast<::Interval*>(palloc0(sizeof(::Interval)));
    span->time = microseconds;
    return PointerGetDatum(span);
}

std::int64_t interval_microseconds(const ::Interval* span) {
    const std::int64_t days = span->day + static_cast<std::int64_t>(span->month) * DAYS_PER_MONTH;
    std::int64_t total = 0;
    if (pg_mul_s64_overflow(days, microseconds_per_day, &total) ||
        pg_add_s64_overflow(total, span->time, &total))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("an interval of more than 290,000 years was given"), errhint("Pass a shorter one.")));
    return total;
}

// No more than the text of a number takes: its digits, the zeros of its exponent, and those after its point.
std::size_t text_size_at_most(Numeric number, Numeric largest) {
    const Datum size = DirectFunctionCall1(numeric_abs, NumericGetDatum(number));
    if (DatumGetBool(DirectFunctionCall2(numeric_gt, size, NumericGetDatum(largest))))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("JSON contains a number that is too large"),
                 errhint("Keep numbers below 1e308.")));
    constexpr std::size_t longest_exponent = 309;
    const int scale = DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(number)));
    const bool small =
        DatumGetBool(DirectFunctionCall2(numeric_lt, size, NumericGetDatum(int64_to_numeric(1'000'000'000))));
    return 2 * VARSIZE_ANY(number) + static_cast<std::size_t>(scale) + (small ? 16 : longest_exponent);
}

RawValue::Piece json_piece(Datum datum) {
    Jsonb* document = DatumGetJsonbP(datum);
    char* out = JsonbToCString(nullptr, &document->root, VARSIZE(document));
    return {out, strlen(out), false};
}

}  // namespace

RawValue view(const Value& value, std::vector<RawValue::Piece>& pieces) {
    using Kind = RawValue::Kind;
    return std::visit(
        Overload{
            [](std::monostate) { return RawValue{}; },
            [](bool v) { return number(Kind::boolean, v ? 1 : 0); },
            [](std::int32_t v) { return number(Kind::int32, v); },
            [](std::int64_t v) { return number(Kind::int64, v); },
            [](double v) {
                RawValue raw;
                raw.kind = Kind::float64;
                raw.real = v;
                return raw;
            },
            [](const std::string& v) { return bytes(Kind::text, piece_of(v)); },
            [](const Uuid& v) { return bytes(Kind::uuid, piece_of(v)); },
            [](Timestamp v) { return number(Kind::timestamp, v.microseconds); },
            [](Duration v) { return number(Kind::interval, v.microseconds); },
            [](const JsonText& v) { return bytes(Kind::json, piece_of(v.text)); },
            [&](const std::vector<std::string>& v) { return view_array(Kind::texts, v, pieces); },
            [&](const std::vector<Uuid>& v) { return view_array(Kind::uuids, v, pieces); },
            [&](const std::vector<std::int64_t>& v) { return view_array(Kind::int64s, v, pieces); },
        },
        value);
}

Value own(const RawValue& raw) {
    using Kind = RawValue::Kind;
    switch (raw.kind) {
        case Kind::null:
            return std::monostate{};
        case Kind::boolean:
            return raw.integer != 0;
        case Kind::int32:
            return static_cast<std::int32_t>(raw.integer);
        case Kind::int64:
            return raw.integer;
        case Kind::float64:
            return raw.real;
        case Kind::text:
            return std::string(raw.piece.data, raw.piece.size);
        case Kind::uuid:
            return uuid_of(raw.piece);
        case Kind::timestamp:
            return Timestamp{raw.integer};
        case Kind::interval:
            return Duration{raw.integer};
        case Kind::json:
            return JsonText{std::string(raw.piece.data, raw.piece.size)};
        case Kind::texts:
            return own_array<std::string>(raw, [](const auto& p) { return std::string(p.data, p.size); });
        case Kind::uuids:
            return own_array<Uuid>(raw, uuid_of);
        case Kind::int64s:
            return own_array<std::int64_t>(raw, int64_of);
    }
    throw std::logic_error("unknown kind of value");
}

std::vector<std::optional<std::string>> optional_texts(const RawValue& raw) {
    std::vector<std::optional<std::string>> out;
    out.reserve(raw.count);
    for (std::size_t i = 0; i < raw.count; ++i) {
        const RawValue::Piece& piece = raw.pieces[i];
        out.push_back(piece.null ? std::nullopt : std::optional(std::string(piece.data, piece.size)));
    }
    return out;
}

void require_readable(Jsonb* document) {
    // What is above this is refused here; what is below is measured exactly, as text, by parse_json.
    constexpr std::size_t far_too_large = 16 * max_json_bytes;
    const auto largest = DatumGetNumeric(DirectFunctionCall3(
        numeric_in, CStringGetDatum("1e308"), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
    JsonbIterator* at = JsonbIteratorInit(&document->root);
    JsonbValue value;
    std::size_t size = 0;
    for (JsonbIteratorToken token = JsonbIteratorNext(&at, &value, false); token != WJB_DONE;
         token = JsonbIteratorNext(&at, &value, false)) {
        size += 2;
        if (token != WJB_KEY && token != WJB_VALUE && token != WJB_ELEM) continue;
        if (value.type == jbvString) size += static_cast<std::size_t>(value.val.string.len);
        if (value.type == jbvNumeric) size += text_size_at_most(value.val.numeric, largest);
        if (size > far_too_large)
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                     errmsg("a JSON document of more than %zu bytes was given, at most %zu are allowed",
                            far_too_large, max_json_bytes),
                     errhint("Pass a smaller document.")));
    }
}

void require_at_most(const ArrayType* array, int max_elements) {
    const int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    if (count > max_elements)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("an array of %d elements was given, at most %d are allowed", count, max_elements),
                 errhint("Pass fewer elements.")));
}

Datum to_datum(const RawValue& raw, Oid type) {
    switch (type) {
        case BOOLOID:
            return BoolGetDatum(raw.integer != 0);
        case INT4OID:
            return Int32GetDatum(static_cast<int32>(raw.integer));
        case INT8OID:
            return Int64GetDatum(raw.integer);
        case FLOAT8OID:
            return Float8GetDatum(raw.real);
        case TEXTOID:
            return text_datum(raw.piece);
        case NUMERICOID:
            return DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(raw.piece.data, raw.piece.size)),
                                       ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
        case UUIDOID:
            return uuid_datum(raw.piece);
        case TIMESTAMPTZOID:
            return TimestampTzGetDatum(raw.integer);
        case INTERVALOID:
            return interval_datum(raw.integer);
        case JSONBOID:
            return json_datum(raw.piece);
        case TEXTARRAYOID:
            return array_datum(raw, TEXTOID);
        case UUIDARRAYOID:
            return array_datum(raw, UUIDOID);
        case INT8ARRAYOID:
            return array_datum(raw, INT8OID);
        default:
            elog(ERROR, "hil: no conversion to type %u", type);
    }
    pg_unreachable();
}

RawValue from_datum(Datum datum, bool null, Oid type) {
    using Kind = RawValue::Kind;
    if (null) return {};
    switch (type) {
        case BOOLOID:
            return number(Kind::boolean, DatumGetBool(datum) ? 1 : 0);
        case INT4OID:
            return number(Kind::int32, DatumGetInt32(datum));
        case INT8OID:
            return number(Kind::int64, DatumGetInt64(datum));
        case OIDOID:
        case REGROLEOID:
            return number(Kind::int64, DatumGetObjectId(datum));
        case FLOAT8OID: {
            RawValue raw;
            raw.kind = Kind::float64;
            raw.real = DatumGetFloat8(datum);
            return raw;
        }
        case TEXTOID:
            return bytes(Kind::text, piece_from(datum, TEXTOID));
        case NUMERICOID: {
            char* digits = DatumGetCString(DirectFunctionCall1(numeric_out, datum));
            return bytes(Kind::text, {digits, strlen(digits), false});
        }
        case NAMEOID: {
            const char* name = NameStr(*DatumGetName(datum));
            return bytes(Kind::text, {name, strlen(name), false});
        }
        case UUIDOID:
            return bytes(Kind::uuid, piece_from(datum, UUIDOID));
        case TIMESTAMPTZOID:
            return number(Kind::timestamp, DatumGetTimestampTz(datum));
        case INTERVALOID:
            return number(Kind::interval,
                          interval_microseconds(reinterpret_cast<const ::Interval*>(DatumGetPointer(datum))));
        case JSONBOID:
            return bytes(Kind::json, json_piece(datum));
        case TEXTARRAYOID:
            return array_from(datum, TEXTOID, Kind::texts);
        case UUIDARRAYOID:
            return array_from(datum, UUIDOID, Kind::uuids);
        case INT8ARRAYOID:
            return array_from(datum, INT8OID, Kind::int64s);
        default:
            elog(ERROR, "hil: no conversion from type %u", type);
    }
    pg_unreachable();
}

}  // namespace hil::pg
