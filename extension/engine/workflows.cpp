#include "engine/workflows.hpp"

#include <map>

#include "core/refusal.hpp"
#include "core/text.hpp"
#include "engine/settings.hpp"
#include "pg/table.hpp"

namespace hil::engine {
namespace {

using pg::JsonText;
using pg::Statement;
using pg::Uuid;

const pg::Lookup<std::string> active_by_name{
    "workflows", {.index = "workflows_active", .keys = "name", .where = "active"}, "name, revision, id"};
const pg::Lookup<> any_active{
    "workflows", {.index = "workflows_active", .where = "active", .order = "name"}, "name, revision, id"};
const pg::Lookup<std::string, std::int32_t> by_revision{
    "workflows", {.index = "workflows_pkey", .keys = "name, revision"}, "name, revision, id"};
const Statement<std::string, std::int32_t> select_definition{
    "SELECT definition FROM hil.workflows WHERE name = $1 AND revision = $2"};

// Loads are rare; one at a time gives gapless revisions and one active revision, and readers are not held up.
const Statement<> lock_table{"LOCK TABLE hil.workflows IN SHARE ROW EXCLUSIVE MODE"};
const Statement<std::string> deactivate{"UPDATE hil.workflows SET active = false WHERE name = $1 AND active"};
const Statement<std::string, std::int32_t> activate{
    "UPDATE hil.workflows SET active = true WHERE name = $1 AND revision = $2"};
const Statement<std::string, JsonText, std::string> insert{
    "INSERT INTO hil.workflows (name, revision, definition, source, active) "
    "SELECT $1, coalesce(max(revision), 0) + 1, $2, $3, true FROM hil.workflows WHERE name = $1 RETURNING "
    "revision"};

// Definitions read before, by the row's id, which no other revision ever has again.
constexpr std::size_t max_cached = 16;
std::map<Uuid, std::shared_ptr<const Workflow>> cache;

std::shared_ptr<const Workflow> read_definition(const std::string& name, std::int32_t number,
                                                const Uuid& id) {
    if (const auto known = cache.find(id); known != cache.end()) return known->second;
    const pg::Rows rows = select_definition(name, number);
    CheckedWorkflow checked = check_workflow(parse_json(rows.front().get<JsonText>(0).text, "definition"));
    if (!checked.workflow)
        throw UnreadableDefinition("revision " + std::to_string(number) + " of workflow \"" + name +
                                   "\" does not pass the checks: " + checked.problems.front().message);
    if (cache.size() >= max_cached) cache.clear();
    return cache[id] = std::make_shared<const Workflow>(*std::move(checked.workflow));
}

Revision read(const pg::Row& row) {
    const auto [name, number, id] = row.as<std::string, std::int32_t, Uuid>();
    return {name, number, read_definition(name, number, id)};
}

[[noreturn]] void refuse_unknown(const std::string& name) {
    throw Refusal(Reason::not_found, "there is no workflow \"" + name + "\"",
                  "Load it with hil_load_workflow or `hil-worker load FILE`.");
}

[[noreturn]] void refuse_unknown(const std::string& name, std::int32_t number) {
    throw Refusal(Reason::not_found,
                  "there is no revision " + std::to_string(number) + " of a workflow \"" + name + "\"",
                  "Check name and revision; hil_load_workflow returns the revision.");
}

Revision active(const std::string& name) {
    const std::optional<pg::Row> row = active_by_name.find(name);
    if (!row) refuse_unknown(name);
    return read(*row);
}

// What the finder says, or an empty configuration where it refuses or finds a definition that cannot be read.
// Errors of Postgres pass.
template <class Finder>
HilConfig config_or_none(Finder find) {
    try {
        const std::optional<Revision> found = find();
        return found ? found->workflow->hil : HilConfig{};
    } catch (const Refusal&) {
        return {};
    } catch (const UnreadableDefinition&) {
        return {};
    }
}

// The detail of a refusal stays readable, however long a definition is.
constexpr std::size_t max_listed_problems = 50;

std::string list_problems(const std::vector<Problem>& problems) {
    std::string text;
    for (std::size_t i = 0; i < problems.size() && i < max_listed_problems; ++i) {
        const Problem& problem = problems[i];
        if (!text.empty()) text += "\n";
        text += (problem.pointer.empty() ? "definition" : one_line(problem.pointer, 200)) + ": " +
                problem.message;
    }
    if (problems.size() > max_listed_problems)
        text += "\nand " + std::to_string(problems.size() - max_listed_problems) + " more";
    return text;
}

}  // namespace

std::optional<Revision> workflow_of(const std::optional<std::string>& named) {
    if (named) return active(*named);
    const pg::Rows rows = any_active.first(2);
    if (rows.empty()) return std::nullopt;
    if (settings::default_workflow != nullptr && *settings::default_workflow != '\0')
        return active(settings::default_workflow);
    if (rows.rows.size() > 1)
        throw Refusal(Reason::invalid_argument,
                      "several workflows are loaded and none is named for this conversation",
                      "Name one in hil_create_conversation, or set hil.default_workflow.");
    return read(rows.front());
}

Revision loaded_workflow_of(const std::optional<std::string>& named) {
    std::optional<Revision> found = workflow_of(named);
    if (!found) throw std::logic_error("a run was asked for and no workflow is loaded");
    return *std::move(found);
}

HilConfig config_of(const std::optional<std::string>& named) {
    return config_or_none([&]() -> std::optional<Revision> { return workflow_of(named); });
}

HilConfig config_of(const std::string& name, std::int32_t number) {
    return config_or_none([&]() -> std::optional<Revision> { return revision(name, number); });
}

Revision revision(const std::string& name, std::int32_t number) {
    const std::optional<pg::Row> row = by_revision.find(name, number);
    if (!row) refuse_unknown(name, number);
    return read(*row);
}

void require_workflow(const std::string& name) {
    if (!active_by_name.find(name)) refuse_unknown(name);
}

std::int32_t load_workflow(const pg::Document& definition, const std::optional<std::string>& source) {
    const CheckedWorkflow checked = check_workflow(definition.json);
    if (!checked.workflow)
        throw Refusal(Reason::invalid_argument,
                      "the workflow has " + std::to_string(checked.problems.size()) +
                          (checked.problems.size() == 1 ? " mistake" : " mistakes"),
                      "Mend what the detail lists; `hil-worker check FILE` shows lines and columns.",
                      list_problems(checked.problems));
    const std::string& name = checked.workflow->name;
    lock_table();
    deactivate(name);
    return insert(name, definition.text, source).front().get<std::int32_t>(0);
}

void activate_workflow(const std::string& name, std::int32_t number) {
    lock_table();
    if (!by_revision.find(name, number)) refuse_unknown(name, number);
    deactivate(name);
    activate(name, number);
}

JsonText definition(const std::string& name, std::int32_t number) {
    const pg::Rows rows = select_definition(name, number);
    if (rows.empty()) refuse_unknown(name, number);
    return rows.front().get<JsonText>(0);
}

}  // namespace hil::engine
