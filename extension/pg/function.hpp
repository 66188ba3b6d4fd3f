// How a SQL-callable function is written: HIL_FUNCTION(name) { …C++ that reads `arguments` and returns a
// Result… }
//
// The macro defines the C entry point around the body: the boundary (pg::entry), one connection to SPI for
// the whole call, and the conversion of the result, which is made after SPI is left, in the caller's memory.
#pragma once

#include "pg/guard.hpp"
// after the guard, which brings the prelude
#include "pg/statement.hpp"

namespace hil::pg {

// How long a text may be, and the setting that says so, if one does.
struct ByteLimit {
    ByteLimit(std::size_t most, const char* set_by = nullptr) : bytes(most), setting(set_by) {}
    std::size_t bytes;
    const char* setting;
};

// The arguments of a call. Functions are declared CALLED ON NULL INPUT, so that a missing argument gets a
// message that names it: `required` and `nonblank_text` refuse NULL with a Refusal(invalid_argument).
class Arguments {
  public:
    explicit Arguments(FunctionCallInfo call_info) : call_info_(call_info) {}

    // The argument at `position` (from 0), or nothing where it is NULL.
    template <class Type>
    std::optional<Type> maybe(int position) const {
        Value value = read(position);
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        return std::get<Type>(std::move(value));
    }

    template <class Type>
    Type required(int position, const char* name) const {
        std::optional<Type> value = maybe<Type>(position);
        if (!value) refuse_null(name);
        return *std::move(value);
    }

    // A text within the limit; nonblank: with more than white space in it; maybe: nothing for NULL.
    std::string text(int position, const char* name, const ByteLimit& limit) const;
    std::string nonblank_text(int position, const char* name, const ByteLimit& limit) const;
    std::optional<std::string> maybe_nonblank_text(int position, const char* name,
                                                   const ByteLimit& limit) const;

    // A jsonb within the limits of core/json.hpp; the second and third take an object only. The third:
    // nothing for NULL.
    Document json(int position, const char* name) const;
    Document json_object(int position, const char* name) const;
    std::optional<Document> maybe_json_object(int position, const char* name) const;

    // A text[] with its NULLs; nothing where the array itself is NULL.
    std::optional<std::vector<std::optional<std::string>>> maybe_texts(int position) const;

    // The name in an argument of type regrole.
    std::uint32_t role(int position, const char* name) const;

  private:
    Value read(int position) const;
    [[noreturn]] static void refuse_null(const char* name);

    FunctionCallInfo call_info_;
};

// What a function returns: nothing (void), one value, a jsonb document, or a set of rows.
using Result = std::variant<Value, Json, Rows>;

inline Result nothing() { return Value(); }

// Runs a body as a SQL function; used by HIL_FUNCTION only.
Datum run_function(FunctionCallInfo call_info, Result (*body)(const Arguments&));

}  // namespace hil::pg

#define HIL_FUNCTION(name)                                                                \
    static ::hil::pg::Result name##_body(const ::hil::pg::Arguments& arguments);          \
    extern "C" {                                                                          \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                             \
    PG_FUNCTION_INFO_V1(name);                                                            \
    Datum name(PG_FUNCTION_ARGS) { return ::hil::pg::run_function(fcinfo, name##_body); } \
    }                                                                                     \
    static ::hil::pg::Result name##_body([[maybe_unused]] const ::hil::pg::Arguments& arguments)
