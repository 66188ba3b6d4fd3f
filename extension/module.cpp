// The library's start: the magic block, and the settings hil.*.
#include <climits>

#include "engine/settings.hpp"
#include "pg/guard.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init();
}

namespace {

using namespace hil::engine;

bool check_skill(char** value, void** /*extra*/, GucSource /*source*/) {
    if (*value != nullptr && **value != '\0') return true;
    GUC_check_errdetail("The skill that everybody has needs a name.");
    return false;
}

void define_settings() {
    DefineCustomIntVariable("hil.max_message_bytes",
                            "Longest message that hil_handle_message takes, in bytes.", nullptr,
                            &settings::max_message_bytes, 65536, 1, 16 << 20, PGC_SUSET, GUC_UNIT_BYTE,
                            nullptr, nullptr, nullptr);
    DefineCustomIntVariable("hil.ai_timeout",
                            "Time without a result after which the AI's turn is handed over to people.",
                            nullptr, &settings::ai_timeout_seconds, 600, 1, INT_MAX / 1000, PGC_SUSET,
                            GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("hil.default_workflow", "Workflow of conversations that name none.",
                               "Empty: the only one that is loaded.", &settings::default_workflow, "",
                               PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("hil.general_skill", "Skill that every agent has.", nullptr,
                               &settings::general_skill, "general", PGC_SUSET, 0, check_skill, nullptr,
                               nullptr);
    MarkGUCPrefixReserved("hil");
}

}  // namespace

void _PG_init() {
    hil::pg::entry([] { hil::pg::call(define_settings); });
}
