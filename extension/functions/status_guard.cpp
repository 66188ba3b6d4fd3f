// The trigger that keeps hil.conversations.status on the edges of the state machine, whoever updates it.
#include "core/refusal.hpp"
#include "core/state_machine.hpp"
#include "core/text.hpp"
#include "engine/conversations.hpp"
#include "pg/function.hpp"

using namespace hil;

namespace {

struct Change {
    pg_uuid_t id;
    char from[NAMEDATALEN], to[NAMEDATALEN];
};

void require(bool as_declared) {
    if (as_declared) return;
    ereport(ERROR,
            (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
             errmsg("hil.guard_conversation_status was not called by hil's own trigger"),
             errhint("It is made for BEFORE UPDATE OF status ON hil.conversations FOR EACH ROW only.")));
}

void copy_column(HeapTuple row, TupleDesc columns, const char* column, char* out) {
    const int number = SPI_fnumber(columns, column);
    require(number > 0);
    char* text = SPI_getvalue(row, columns, number);
    strlcpy(out, text == nullptr ? "" : text, NAMEDATALEN);
}

Change read_change(FunctionCallInfo call_info) {
    require(CALLED_AS_TRIGGER(call_info));
    auto* trigger = reinterpret_cast<TriggerData*>(call_info->context);
    require(TRIGGER_FIRED_BEFORE(trigger->tg_event) && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) &&
            TRIGGER_FIRED_FOR_ROW(trigger->tg_event));
    TupleDesc columns = RelationGetDescr(trigger->tg_relation);
    Change change;
    const int id_number = SPI_fnumber(columns, "id");
    require(id_number > 0 && SPI_gettypeid(columns, id_number) == UUIDOID);
    bool null = false;
    const Datum id = SPI_getbinval(trigger->tg_trigtuple, columns, id_number, &null);
    require(!null);
    change.id = *DatumGetUUIDP(id);
    copy_column(trigger->tg_trigtuple, columns, "status", change.from);
    copy_column(trigger->tg_newtuple, columns, "status", change.to);
    return change;
}

// Whether the engine is saving exactly this change: it went from state to state along the edges and writes
// once.
bool is_being_saved(const Change& change) {
    const engine::StatusChange* saving = engine::change_being_saved();
    return saving != nullptr && memcmp(change.id.data, saving->conversation.bytes.data(), UUID_LEN) == 0 &&
           name(saving->from) == change.from && name(saving->to) == change.to;
}

State state(const char* status) {
    const std::optional<State> found = state_named(status);
    if (!found)
        throw Refusal(Reason::wrong_state, "there is no state " + in_quotes(status),
                      "The states are new, ai_processing, finished, handover, pending_human, human_active, "
                      "resolved and "
                      "back_to_ai.");
    return *found;
}

}  // namespace

extern "C" {
PGDLLEXPORT Datum hil_guard_conversation_status(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(hil_guard_conversation_status);

Datum hil_guard_conversation_status(PG_FUNCTION_ARGS) {
    return pg::entry([&]() -> Datum {
        const Change change = pg::call(read_change, fcinfo);
        if (!is_being_saved(change)) require_move(state(change.from), state(change.to));
        return PointerGetDatum(reinterpret_cast<TriggerData*>(fcinfo->context)->tg_newtuple);
    });
}
}
