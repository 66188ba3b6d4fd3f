#include "workflow/known_names.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/spelling.hpp"
#include "core/text.hpp"
#include "core/workflow.hpp"
#include "workflow/schema.hpp"

namespace hil::worker {
namespace {

const std::set<std::string> run_variables = {"customer_message", "messages",     "omitted_messages",
                                             "memory_context",   "instructions", "conversation"};

// The output of a step that called the built-in tool has this field and no other.
constexpr const char* call_for_human = "handover_to_human";

constexpr std::string_view agent_node;  // in the place of an action

// `update_analytics` changes nothing: the analytics are always kept.
const std::map<std::string_view, std::vector<std::string>> config_keys = {
    {agent_node, {"model_profile", "output_schema", "tools", "max_iterations"}},
    {action_finish, {"response", "status", "update_analytics"}},
    {action_reply, {"response"}},
    {action_handover, {"required_skills", "priority", "handover_context", "reason"}}};

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

std::optional<std::string> text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                       : std::nullopt;
}

// What the step will take for its schema. One that is wrong is reported elsewhere.
std::optional<std::vector<std::string>> fields_of(const Json& node, const AgentPreset& preset) {
    const Json config = node.value("config", Json());
    const bool has_own = config.is_object() && config.contains("output_schema");
    try {
        return OutputSchema(has_own ? config.at("output_schema") : preset.output_schema).fields();
    } catch (const SchemaError&) {
        return std::nullopt;
    }
}

}  // namespace

void KnownNames::add_node(const Json& node, const Catalogue& catalogue) {
    const auto id = text_at(node, "id");
    if (!id) return;
    ids_.insert(*id);
    const auto agent = text_at(node, "agent");
    const auto preset = agent ? catalogue.agents.find(*agent) : catalogue.agents.end();
    if (preset == catalogue.agents.end()) return;
    if (auto fields = fields_of(node, preset->second)) fields_[*id] = std::move(*fields);
}

bool KnownNames::is_variable(const std::string& name) { return run_variables.contains(name); }

std::optional<UnknownName> KnownNames::complaint(const VariableUse& use, const std::string* edge_from) const {
    if (ids_.contains(use.name)) return field_complaint(use, use.name);
    if (is_variable(use.name)) return std::nullopt;
    if (edge_from != nullptr && use.name == "output") return field_complaint(use, *edge_from);
    std::vector<std::string> names(ids_.begin(), ids_.end());
    names.insert(names.end(), run_variables.begin(), run_variables.end());
    if (edge_from != nullptr) names.emplace_back("output");
    return UnknownName{use.offset, "nothing is called `" + use.name + "` here: it is always undefined" +
                                       did_you_mean(use.name, names)};
}

std::optional<UnknownName> KnownNames::field_complaint(const VariableUse& use,
                                                       const std::string& node) const {
    const auto known = fields_.find(node);
    const bool by_output = use.name == node && !use.path.empty() && use.path.front().name == "output";
    const std::size_t first = by_output ? 1 : 0;
    if (known == fields_.end() || use.path.size() <= first) return std::nullopt;
    const FieldUse& field = use.path[first];
    const std::vector<std::string>& fields = known->second;
    if (field.name == call_for_human || std::find(fields.begin(), fields.end(), field.name) != fields.end())
        return std::nullopt;
    return UnknownName{field.offset, "`" + field.name + "` is no field of the output_schema of `" + node +
                                         "`, which has " + listed(fields) + did_you_mean(field.name, fields)};
}

std::optional<std::string> config_key_complaint(const std::string* action, const std::string& key) {
    const auto known = config_keys.find(action ? *action : agent_node);
    if (known == config_keys.end()) return std::nullopt;
    const std::vector<std::string>& keys = known->second;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return std::nullopt;
    return "unknown key " + in_quotes(key) + ": nothing looks at it; known to " +
           std::string(action ? *action : "agent nodes") + " are " + listed(keys) + did_you_mean(key, keys);
}

}  // namespace hil::worker
