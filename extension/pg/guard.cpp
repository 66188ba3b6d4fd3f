#include "pg/guard.hpp"

#include <new>

#include "core/refusal.hpp"

namespace hil::pg {

// The fields of an ErrorData, owned. `shell` keeps what needs no copy: level, flags, and where in the source
// the error was raised (string constants of the program that raised it).
struct ErrorFields {
    ErrorData shell{};
    std::string sqlstate, message, detail, detail_log, hint, context;
    std::string schema_name, table_name, column_name, datatype_name, constraint_name, internal_query;
};

const char* Error::what() const noexcept { return fields_->message.c_str(); }
const std::string& Error::sqlstate() const noexcept { return fields_->sqlstate; }
const std::string& Error::detail() const noexcept { return fields_->detail; }
const std::string& Error::hint() const noexcept { return fields_->hint; }

namespace {

std::string owned(const char* text) { return text == nullptr ? std::string() : std::string(text); }

// Points `field` at the owned text, or at nothing where it is empty.
void lend(char*& field, const std::string& text) {
    field = text.empty() ? nullptr : const_cast<char*>(text.c_str());
}

std::string sqlstate_text(int code) { return unpack_sql_state(code); }

ErrorFields own_fields(const ErrorData& raised) {
    ErrorFields fields;
    fields.shell = raised;
    fields.sqlstate = sqlstate_text(raised.sqlerrcode);
    fields.message = owned(raised.message);
    fields.detail = owned(raised.detail);
    fields.detail_log = owned(raised.detail_log);
    fields.hint = owned(raised.hint);
    fields.context = owned(raised.context);
    fields.schema_name = owned(raised.schema_name);
    fields.table_name = owned(raised.table_name);
    fields.column_name = owned(raised.column_name);
    fields.datatype_name = owned(raised.datatype_name);
    fields.constraint_name = owned(raised.constraint_name);
    fields.internal_query = owned(raised.internalquery);
    return fields;
}

// Copies the raised error, or returns nullptr when there is no memory for the copy. A guard of its own,
// because CopyErrorData can raise ERROR itself, and the frames above hold destructors.
ErrorData* copy_raised(const detail::Surroundings& surroundings) {
    sigjmp_buf here;
    ErrorData* copy = nullptr;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        MemoryContextSwitchTo(surroundings.memory);
        copy = CopyErrorData();
        surroundings.restore_handlers();
        return copy;
    }
    surroundings.restore_handlers();
    MemoryContextSwitchTo(surroundings.memory);
    return nullptr;
}

int error_code(Reason reason) {
    switch (reason) {
        case Reason::invalid_argument:
            return ERRCODE_INVALID_PARAMETER_VALUE;
        case Reason::not_found:
            return ERRCODE_NO_DATA_FOUND;
        case Reason::wrong_state:
            return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
        case Reason::not_allowed:
            return ERRCODE_INSUFFICIENT_PRIVILEGE;
    }
    return ERRCODE_INTERNAL_ERROR;
}

// The failure on its way from a catch block to ereport. It is static so that the longjmp of ereport leaks
// nothing; one is enough, since ereport copies it before anything else can fail.
struct Kept {
    std::shared_ptr<const ErrorFields> raised;  // set: raise it again as it was
    int code = 0;
    std::string message, detail, hint;
    const char* fixed_message = nullptr;  // set where not even a copy of the message could be made
};
Kept kept;

void keep(int code, const char* message, const char* detail, const char* hint) {
    kept.code = code;
    kept.message = message;
    kept.detail = detail;
    kept.hint = hint;
}

void keep_out_of_memory() noexcept {
    kept.code = ERRCODE_OUT_OF_MEMORY;
    kept.fixed_message = "out of memory";
}

}  // namespace

namespace detail {

void throw_raised_error(const Surroundings& surroundings) {
    ErrorData* copy = copy_raised(surroundings);
    FlushErrorState();
    MemoryContextSwitchTo(surroundings.memory);
    if (copy == nullptr) throw std::bad_alloc();
    auto fields = std::make_shared<ErrorFields>(own_fields(*copy));
    FreeErrorData(copy);
    throw Error(std::move(fields));
}

void keep_exception() noexcept {
    kept.raised.reset();
    kept.fixed_message = nullptr;
    try {
        try {
            throw;
        } catch (const Error& error) {
            kept.raised = error.fields();
        } catch (const Refusal& refusal) {
            keep(error_code(refusal.reason()), refusal.what(), refusal.detail().c_str(),
                 refusal.hint().c_str());
        } catch (const std::bad_alloc&) {
            keep_out_of_memory();
        } catch (const std::exception& failure) {
            keep(ERRCODE_INTERNAL_ERROR, failure.what(), "", "This is a fault of hil. Please report it.");
        } catch (...) {
            keep(ERRCODE_INTERNAL_ERROR, "hil: C++ code threw something that is no std::exception", "",
                 "This is a fault of hil. Please report it.");
        }
    } catch (...) {
        kept.raised.reset();
        keep_out_of_memory();
    }
}

void raise_kept() {
    if (kept.raised) {
        const ErrorFields& fields = *kept.raised;
        ErrorData again = fields.shell;
        lend(again.message, fields.message);
        lend(again.detail, fields.detail);
        lend(again.detail_log, fields.detail_log);
        lend(again.hint, fields.hint);
        lend(again.context, fields.context);
        lend(again.schema_name, fields.schema_name);
        lend(again.table_name, fields.table_name);
        lend(again.column_name, fields.column_name);
        lend(again.datatype_name, fields.datatype_name);
        lend(again.constraint_name, fields.constraint_name);
        lend(again.internalquery, fields.internal_query);
        again.backtrace = nullptr;
        again.assoc_context = CurrentMemoryContext;
        // Not ereport: the context lines were gathered when the error was raised, and would stand there
        // twice.
        ReThrowError(&again);
    }
    const char* message = kept.fixed_message != nullptr ? kept.fixed_message : kept.message.c_str();
    const bool plain = kept.fixed_message != nullptr;
    ereport(ERROR, (errcode(kept.code), errmsg_internal("%s", message),
                    plain || kept.detail.empty() ? 0 : errdetail_internal("%s", kept.detail.c_str()),
                    plain || kept.hint.empty() ? 0 : errhint("%s", kept.hint.c_str())));
    pg_unreachable();
}

}  // namespace detail

std::string sqlstate_of(Reason reason) { return sqlstate_text(error_code(reason)); }

Failure failure_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (...) {
        detail::keep_exception();
    }
    if (kept.raised)
        return {kept.raised->sqlstate, kept.raised->message, kept.raised->detail, kept.raised->hint};
    if (kept.fixed_message != nullptr) return {sqlstate_text(kept.code), kept.fixed_message, "", ""};
    return {sqlstate_text(kept.code), kept.message, kept.detail, kept.hint};
}
}  // namespace hil::pg
