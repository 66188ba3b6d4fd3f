// The library's start: the magic block, the settings hil.*, and what runs in the background.
#include <climits>
#include <cstring>

#include "background/background.hpp"
#include "core/skills.hpp"
#include "core/text.hpp"
#include "engine/settings.hpp"
#include "pg/guard.hpp"

extern "C" {
PG_MODULE_MAGIC;
// Postgres calls it by this name. NOLINTNEXTLINE(bugprone-reserved-identifier)
PGDLLEXPORT void _PG_init();
}

namespace {

using namespace hil::engine;

bool check_skill(char** value, void** /*extra*/, GucSource /*source*/) {
    const std::size_t bytes = *value == nullptr ? 0 : std::strlen(*value);
    if (bytes > 0 && bytes <= hil::max_skill_bytes && !hil::is_blank(*value)) return true;
    GUC_check_errdetail("The skill that everybody has needs a name of at most %zu bytes.",
                        hil::max_skill_bytes);
    return false;
}

const config_enum_entry assignment_orders[] = {{"least_loaded", settings::least_loaded, false},
                                               {"least_utilized", settings::least_utilized, false},
                                               {"longest_idle", settings::longest_idle, false},
                                               {nullptr, 0, false}};

void define_settings() {
    DefineCustomIntVariable("hil.agent_timeout",
                            "Time without a sign of life after which a human agent is marked offline.",
                            "0: never.", &settings::agent_timeout_seconds, 900, 0, INT_MAX / 1000, PGC_SUSET,
                            GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable(
        "hil.assignment_order", "Which of several free human agents gets a conversation.",
        "The one with the fewest conversations, with the smallest share of their capacity used, or who got "
        "none "
        "for the longest time; of equals the most recently active. Set it for all sessions alike; a change "
        "takes effect with the next rounds.",
        &settings::assignment_order, settings::least_loaded, assignment_orders, PGC_SUSET, 0, nullptr,
        nullptr, nullptr);
    DefineCustomIntVariable(
        "hil.max_message_bytes", "Longest message that hil_handle_message takes, in bytes.", nullptr,
        &settings::max_message_bytes, 65536, 1, 1 << 20, PGC_SUSET, GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("hil.ai_timeout",
                            "Time without a result after which the AI's turn is handed over to people.",
                            "Where it ends while the server is away, half a minute from its return.",
                            &settings::ai_timeout_seconds, 600, 1, INT_MAX / 1000, PGC_SUSET, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    DefineCustomStringVariable("hil.default_workflow", "Workflow of conversations that name none.",
                               "Empty: the only one that is loaded.", &settings::default_workflow, "",
                               PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("hil.general_skill", "Skill that every agent has.",
                               "Set it for all sessions alike, while nobody waits.", &settings::general_skill,
                               "general", PGC_SUSET, 0, check_skill, nullptr, nullptr);
    DefineCustomIntVariable(
        "hil.requeue_after",
        "Time that a human agent is offline after which their conversations return to the queue.",
        "0: never.", &settings::requeue_after_seconds, 120, 0, INT_MAX / 1000, PGC_SUSET, GUC_UNIT_S, nullptr,
        nullptr, nullptr);
    DefineCustomIntVariable("hil.naptime", "Time between two rounds of the scheduler that nothing has woken.",
                            "Without a scheduler it is without effect.", &settings::naptime_milliseconds,
                            1000, 1, 3'600'000, PGC_SIGHUP, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("hil.retention",
                            "Time after which closed conversations and events are deleted, as by hil_purge.",
                            "0: never.", &settings::retention_seconds, 0, 0, INT_MAX, PGC_SUSET, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("hil");
}

}  // namespace

void _PG_init() {
    hil::pg::entry([] {
        hil::pg::call(define_settings);
        if (process_shared_preload_libraries_in_progress) hil::pg::call(hil::background::set_up);
    });
}
