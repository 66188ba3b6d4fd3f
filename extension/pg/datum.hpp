// Between pg::Value and Datum. Used inside pg/ only.
#pragma once

#include "pg/prelude.hpp"
// after the prelude
#include "pg/values.hpp"

namespace hil::pg {

// A value on its way through a guard: trivially destructible, its bytes owned by somebody else (the Value it
// was made from, or a memory context).
struct RawValue {
    enum class Kind {
        null,
        boolean,
        int32,
        int64,
        float64,
        text,
        uuid,
        timestamp,
        interval,
        json,
        texts,
        uuids,
        int64s
    };
    struct Piece {
        const char* data;
        std::size_t size;
        bool null;
    };
    Kind kind = Kind::null;
    std::int64_t integer = 0;
    double real = 0;
    Piece piece{};                  // text, json, uuid (16 bytes)
    const Piece* pieces = nullptr;  // arrays
    std::size_t count = 0;
};
static_assert(std::is_trivially_destructible_v<RawValue>);

// A Value seen as a RawValue. `pieces` keeps an array's parts and must live as long as the result.
RawValue view(const Value& value, std::vector<RawValue::Piece>& pieces);

// Owns what a guard brought out. A NULL inside an array is refused; optional_texts keeps it.
Value own(const RawValue& raw);
std::vector<std::optional<std::string>> optional_texts(const RawValue& raw);

// These two call Postgres and may raise ERROR: inside a guard only. Memory comes from the current context.
// require_*: 22023 where a jsonb's text or an array would be far beyond what anybody takes; cheap beside
// unpacking them.
void require_readable(Jsonb* document);
void require_at_most(const ArrayType* array, int max_elements);
Datum to_datum(const RawValue& raw, Oid type);
RawValue from_datum(Datum datum, bool null, Oid type);

}  // namespace hil::pg
