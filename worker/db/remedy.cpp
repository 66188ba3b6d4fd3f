#include "db/remedy.hpp"

#include <cctype>
#include <map>

#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr std::string_view prefix = "hil_";

// Of hil's functions, each with the profile that whoever calls it should have. A database has others, and
// tables, whose names begin as these do.
const char* profile_with(std::string_view function) {
    static const std::map<std::string_view, const char*> profiles = {{"hil_create_conversation", "app"},
                                                                     {"hil_handle_message", "app"},
                                                                     {"hil_handover", "app"},
                                                                     {"hil_cancel", "app"},
                                                                     {"hil_rate", "app"},
                                                                     {"hil_conversation", "app"},
                                                                     {"hil_customer_view", "app"},
                                                                     {"hil_queue_position", "app"},
                                                                     {"hil_estimated_wait", "app"},
                                                                     {"hil_events_since", "app"},
                                                                     {"hil_find_agent", "agent"},
                                                                     {"hil_set_agent_status", "agent"},
                                                                     {"hil_agent_heartbeat", "agent"},
                                                                     {"hil_inbox", "agent"},
                                                                     {"hil_resolve", "agent"},
                                                                     {"hil_back_to_ai", "agent"},
                                                                     {"hil_transfer", "agent"},
                                                                     {"hil_decline", "agent"},
                                                                     {"hil_claim_runs", "worker"},
                                                                     {"hil_renew_runs", "worker"},
                                                                     {"hil_record_calls", "worker"},
                                                                     {"hil_record_step", "worker"},
                                                                     {"hil_complete_run", "worker"},
                                                                     {"hil_fail_run", "worker"},
                                                                     {"hil_report_runs", "worker"},
                                                                     {"hil_tick", "worker"},
                                                                     {"hil_workflow_definition", "worker"},
                                                                     {"hil_load_workflow", "worker"},
                                                                     {"hil_run_steps", "reader"},
                                                                     {"hil_explain_assignment", "reader"},
                                                                     {"hil_doctor", "reader"},
                                                                     {"hil_add_agent", "admin"},
                                                                     {"hil_set_agent_skills", "admin"},
                                                                     {"hil_set_agent_capacity", "admin"},
                                                                     {"hil_activate_workflow", "admin"},
                                                                     {"hil_purge", "admin"},
                                                                     {"hil_grant", "admin"}};
    const auto found = profiles.find(function);
    return found == profiles.end() ? nullptr : found->second;
}

bool is_name_character(char c) {
    return c == '_' || c == '$' || std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           static_cast<unsigned char>(c) >= 0x80;
}

// The profile for the function of hil's that a message names, in whatever language the message is. Null: it
// names none.
const char* profile_in(std::string_view message) {
    for (std::size_t at = message.find(prefix); at != std::string_view::npos;
         at = message.find(prefix, at + 1)) {
        if (at > 0 && is_name_character(message[at - 1])) continue;
        std::size_t end = at;
        while (end < message.size() && is_name_character(message[end])) ++end;
        if (const char* profile = profile_with(message.substr(at, end - at))) return profile;
    }
    return nullptr;
}

// As a literal that is read as a role's name.
std::string role_literal(const std::string& role) {
    const bool is_plain =
        role.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
    std::string name = is_plain ? role : "\"";
    for (const char c : is_plain ? "" : role) name += c == '"' ? "\"\"" : std::string(1, c);
    if (!is_plain) name += '"';
    std::string literal;
    for (const char c : name) literal += c == '\'' ? "''" : std::string(1, c);
    return "'" + literal + "'";
}

}  // namespace

std::string remedy(std::string_view sqlstate, std::string_view message, const std::string& database,
                   const std::string& role) {
    const char* profile = profile_in(message);
    if (profile == nullptr) return "";
    if (sqlstate == "42883")
        return "The extension hil is missing in the database " + in_quotes(database) +
               ": a superuser creates it there with CREATE EXTENSION hil. (If it is there, it is of another "
               "version than this worker, or in a schema that the search_path of " +
               in_quotes(role) + " does not have.)";
    if (sqlstate == "42501")
        return "The role " + in_quotes(role) +
               " lacks a profile; whoever administers hil gives it: SELECT hil_grant(" + role_literal(role) +
               ", '" + profile + "')";
    return "";
}

}  // namespace hil::worker
