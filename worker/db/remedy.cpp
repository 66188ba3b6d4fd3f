#include "db/remedy.hpp"

#include <set>

#include "core/text.hpp"

namespace hil::worker {
namespace {

constexpr std::string_view prefix = "hil_";

bool is_name_character(char c) { return c == '_' || (c >= 'a' && c <= 'z'); }

// The name of hil's in a message, in whatever language the message is.
std::string function_in(std::string_view message) {
    for (std::size_t at = message.find(prefix); at != std::string_view::npos;
         at = message.find(prefix, at + 1)) {
        if (at > 0 && is_name_character(message[at - 1])) continue;
        std::size_t end = at;
        while (end < message.size() && is_name_character(message[end])) ++end;
        return std::string(message.substr(at, end - at));
    }
    return "";
}

// The profile that whoever calls this function here should have.
const char* profile_with(const std::string& function) {
    static const std::set<std::string> of_worker = {"hil_claim_runs",          "hil_renew_runs",
                                                    "hil_report_runs",         "hil_tick",
                                                    "hil_workflow_definition", "hil_load_workflow"};
    static const std::set<std::string> of_agent = {
        "hil_find_agent", "hil_set_agent_status", "hil_agent_heartbeat", "hil_inbox",
        "hil_resolve",    "hil_back_to_ai",       "hil_transfer",        "hil_decline"};
    if (of_worker.contains(function)) return "worker";
    if (of_agent.contains(function)) return "agent";
    return function == "hil_run_steps" ? "reader" : "app";
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
    const std::string function = function_in(message);
    if (function.empty()) return "";
    if (sqlstate == "42883")
        return "The extension hil is missing in the database " + in_quotes(database) +
               ": a superuser creates it there with CREATE EXTENSION hil. (If it is there, it is of another "
               "version than this worker, or in a schema that the search_path of " +
               in_quotes(role) + " does not have.)";
    if (sqlstate == "42501")
        return "The role " + in_quotes(role) +
               " lacks a profile; whoever administers hil gives it: SELECT hil_grant(" + role_literal(role) +
               ", '" + profile_with(function) + "')";
    return "";
}

}  // namespace hil::worker
