#include "engine/grants.hpp"

#include <string_view>
#include <vector>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "pg/statement.hpp"

namespace hil::engine {
namespace {

using Names = std::vector<std::string>;
using pg::Statement;

const Names app = {"hil_create_conversation",
                   "hil_handle_message",
                   "hil_handover",
                   "hil_cancel",
                   "hil_rate",
                   "hil_conversation",
                   "hil_customer_view",
                   "hil_queue_position",
                   "hil_estimated_wait",
                   "hil_events_since"};
const Names agent_only = {"hil_resolve", "hil_back_to_ai",       "hil_transfer",        "hil_decline",
                          "hil_inbox",   "hil_set_agent_status", "hil_agent_heartbeat", "hil_find_agent"};
const Names worker = {"hil_claim_runs",    "hil_renew_runs", "hil_record_step", "hil_record_calls",
                      "hil_complete_run",  "hil_fail_run",   "hil_tick",        "hil_workflow_definition",
                      "hil_load_workflow", "hil_report_runs"};
const Names reader = {"hil_conversation",   "hil_customer_view",      "hil_queue_position",
                      "hil_estimated_wait", "hil_explain_assignment", "hil_events_since",
                      "hil_doctor",         "hil_run_steps"};

Names joined(Names first, const Names& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

struct Profile {
    std::string_view name;
    Names functions;  // empty: all of them
    bool views;
};

const Profile profiles[] = {
    {"app", app, false},       {"agent", joined(app, agent_only), false},
    {"worker", worker, false}, {"reader", reader, true},
    {"admin", {}, true},
};

// The statements to run. $1: the role; $2: the functions, empty for all; $3: whether the views too. Only
// members of the extension are granted, whatever else has such a name.
const Statement<std::int64_t, Names, bool> list_grants{
    "WITH role AS (SELECT quote_ident(rolname) AS name FROM pg_roles WHERE oid = $1::oid), "
    "member AS (SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid "
    "           AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' WHERE e.extname = 'hil'), "
    "function AS (SELECT p.oid, p.pronamespace FROM pg_proc p JOIN member m ON m.objid = p.oid "
    "             AND m.classid = 'pg_proc'::regclass WHERE p.proname LIKE 'hil\\_%' "
    "             AND (cardinality($2) = 0 OR p.proname = ANY ($2))) "
    "SELECT DISTINCT format('GRANT USAGE ON SCHEMA %s TO %s', pronamespace::regnamespace, role.name) FROM "
    "function, role "
    "UNION ALL SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', oid::regprocedure, role.name) FROM "
    "function, role "
    "UNION ALL SELECT 'GRANT USAGE ON SCHEMA hil TO ' || role.name FROM role WHERE $3 "
    "UNION ALL SELECT format('GRANT SELECT ON %s TO %s', c.oid::regclass, role.name) FROM pg_class c JOIN "
    "member m "
    "ON m.objid = c.oid AND m.classid = 'pg_class'::regclass, role WHERE $3 AND c.relkind = 'v'"};

const Profile& profile_named(const std::string& name) {
    for (const Profile& profile : profiles)
        if (profile.name == name) return profile;
    throw Refusal(Reason::invalid_argument, "there is no profile " + in_quotes(name),
                  "Pass app, agent, worker, reader or admin.");
}

}  // namespace

void grant(std::uint32_t role, const std::string& profile_name) {
    const Profile& profile = profile_named(profile_name);
    const pg::Rows statements = list_grants(role, profile.functions, profile.views);
    if (statements.empty())
        throw Refusal(Reason::invalid_argument, "there is no role with oid " + std::to_string(role),
                      "Pass a role's name, for instance hil_grant('support_app', 'app').");
    for (const pg::Row& row : statements) pg::run_command(row.get<std::string>(0));
}

}  // namespace hil::engine
