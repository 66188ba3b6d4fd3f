#include "workflow/loader.hpp"

#include <algorithm>
#include <utility>

#include "core/spelling.hpp"
#include "workflow/condition.hpp"
#include "workflow/known_names.hpp"
#include "workflow/literal.hpp"
#include "workflow/located.hpp"
#include "workflow/schema.hpp"
#include "workflow/template.hpp"

namespace hil::worker {
namespace {

// The value of a key if it is there and a text; the core reports all else.
const std::string* text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get_ptr<const std::string*>() : nullptr;
}

const Json* object_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? &*found : nullptr;
}

// What there is, and which of it was meant.
std::string known_are(const std::vector<std::string>& names, const std::string& meant) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return "known are " + list + did_you_mean(meant, names);
}

template <typename Named>
std::string known_are(const std::map<std::string, Named>& known, const std::string& meant) {
    std::vector<std::string> names;
    for (const auto& [name, value] : known) names.push_back(name);
    return known_are(names, meant);
}

// What the core leaves to the worker. Works on the definition as it is, right or wrong, so that its mistakes
// are reported together with the core's.
class Checker {
  public:
    Checker(const Json& definition, const Catalogue& catalogue, const Places* places, LoadResult& result)
        : definition_(definition), catalogue_(catalogue), places_(places), result_(result) {}

    void check() {
        for (const auto& [at, node] : items("nodes")) names_.add_node(*node, catalogue_);
        for (const auto& [at, node] : items("nodes")) check_node(at, *node);
        const std::string unknown;
        for (const auto& [at, edge] : items("edges")) {
            const std::string* from = text_at(*edge, "from");
            check_condition(at, *edge, from ? from : &unknown);
        }
    }

    void report(const Problem& problem) {
        if (places_)
            result_.errors.push_back(located(problem, definition_, *places_));
        else
            error(problem.pointer, problem.message);
    }

  private:
    // The maps in /workflow/nodes or /workflow/edges, each with its pointer.
    std::vector<std::pair<std::string, const Json*>> items(const std::string& list) const {
        std::vector<std::pair<std::string, const Json*>> out;
        const Json* workflow = definition_.is_object() ? object_at(definition_, "workflow") : nullptr;
        if (!workflow || !workflow->contains(list) || !workflow->at(list).is_array()) return out;
        const Json& values = workflow->at(list);
        for (std::size_t i = 0; i < values.size(); ++i)
            if (values[i].is_object()) out.emplace_back(pointer_to("/workflow/" + list, i), &values[i]);
        return out;
    }

    void check_node(const std::string& at, const Json& node) {
        check_condition(at, node, nullptr);
        if (const std::string* prompt = text_at(node, "prompt_template"))
            check_template(pointer_to(at, "prompt_template"), *prompt);
        const Json* config = object_at(node, "config");
        const std::string config_at = pointer_to(at, "config");
        if (const std::string* agent = text_at(node, "agent")) {
            check_agent(at, *agent);
            if (config) check_agent_config(config_at, *config);
        } else if (config) {
            if (const std::string* action = text_at(node, "action")) {
                warn_of_unknown_keys(config_at, action, *config);
                if (*action == action_handover) check_route(config_at, *config);
            }
            check_templates(config_at, *config);
        }
        if (const std::string* id = text_at(node, "id");
            id && (KnownNames::is_variable(*id) || *id == "output"))
            warn(place(pointer_to(at, "id")), "the node hides the variable `" + *id + "`");
    }

    void check_route(const std::string& at, const Json& config) {
        for (const auto& [key, value] : config.items())
            if (const auto complaint = value.is_string() ? route_complaint(key, value) : std::nullopt)
                error(pointer_to(at, key), *complaint);
    }

    void check_agent(const std::string& at, const std::string& agent) {
        const auto preset = catalogue_.agents.find(agent);
        if (preset == catalogue_.agents.end())
            return error(pointer_to(at, "agent"),
                         "unknown agent \"" + agent + "\"; " + known_are(catalogue_.agents, agent));
        try {
            OutputSchema(preset->second.output_schema);
        } catch (const SchemaError& problem) {
            error(pointer_to(at, "agent"),
                  "the output_schema that is configured for this agent: " + std::string(problem.what()));
        }
    }

    void check_agent_config(const std::string& at, const Json& config) {
        warn_of_unknown_keys(at, nullptr, config);
        if (const std::string* profile = text_at(config, "model_profile");
            profile && !catalogue_.model_profiles.count(*profile))
            error(pointer_to(at, "model_profile"), "unknown model profile \"" + *profile + "\"; " +
                                                       known_are(catalogue_.model_profiles, *profile));
        if (const Json* schema = object_at(config, "output_schema")) {
            try {
                OutputSchema checked(*schema);
            } catch (const SchemaError& problem) {
                error(pointer_to(at, "output_schema") + problem.pointer(), problem.what());
            }
        }
        if (!config.contains("tools") || !config.at("tools").is_array()) return;
        const Json& tools = config.at("tools");
        for (std::size_t i = 0; i < tools.size(); ++i)
            if (tools[i].is_string()) check_tool(pointer_to(pointer_to(at, "tools"), i), tools[i]);
    }

    void check_tool(const std::string& at, const std::string& pattern) {
        if (catalogue_.may_have_tool(pattern)) return;
        std::string known;
        for (const std::string& name : catalogue_.tools) known += (known.empty() ? "" : ", ") + name;
        warn(place(at),
             "no tool matches \"" + pattern + "\": " +
                 (known.empty() ? "none is configured"
                                : "configured are " + known + did_you_mean(pattern, catalogue_.tools)));
    }

    // A node's config may have keys of its own, and a sink's are kept with the run's result.
    void warn_of_unknown_keys(const std::string& at, const std::string* action, const Json& config) {
        for (const auto& entry : config.items())
            if (const auto complaint = config_key_complaint(action, entry.key()))
                warn(place(pointer_to(at, entry.key()), /*of_key=*/true), *complaint);
    }

    void check_templates(const std::string& at, const Json& value) {
        if (value.is_string()) return check_template(at, value.get<std::string>());
        if (value.is_array())
            for (std::size_t i = 0; i < value.size(); ++i) check_templates(pointer_to(at, i), value[i]);
        if (value.is_object())
            for (const auto& [key, part] : value.items()) check_templates(pointer_to(at, key), part);
    }

    void check_template(const std::string& at, const std::string& source) {
        try {
            warn_of_unknown(at, source, Template::text(source, names_.ids()).variables(), nullptr);
        } catch (const SyntaxError& problem) {
            error(at, source, problem);
        }
    }

    // `edge_from`: of an edge's condition, the node that the edge leaves.
    void check_condition(const std::string& at, const Json& owner, const std::string* edge_from) {
        const Json* given = object_at(owner, "condition");
        const std::string* type = given ? text_at(*given, "type") : nullptr;
        const std::string* expression = given ? text_at(*given, "expression") : nullptr;
        if (!type || !expression || (*type != "jmespath" && *type != "python_expr")) return;
        const std::string expression_at = pointer_to(pointer_to(at, "condition"), "expression");
        try {
            const ParsedCondition parsed = ParsedCondition::parse({*type, *expression}, names_.ids());
            warn_of_unknown(expression_at, *expression, parsed.variables(), edge_from);
        } catch (const SyntaxError& problem) {
            error(expression_at, *expression, problem);
        }
    }

    void warn_of_unknown(const std::string& at, const std::string& source,
                         const std::vector<VariableUse>& uses, const std::string* edge_from) {
        for (const VariableUse& use : uses)
            if (const auto complaint = names_.complaint(use, edge_from))
                warn(inside(at, source, complaint->offset), complaint->message);
    }

    Mistake place(const std::string& pointer, bool of_key = false) const {
        if (!places_) return {0, 0, (pointer.empty() ? "/" : pointer) + ": "};
        const Place found = of_key ? places_->key(pointer) : places_->value(pointer);
        return {found.line, found.column, ""};
    }

    Mistake inside(const std::string& pointer, const std::string& text, std::size_t offset) const {
        if (!places_) return place(pointer);
        const Place found = places_->inside(pointer, text, offset);
        return {found.line, found.column, ""};
    }

    void error(const std::string& pointer, const std::string& message) {
        add(result_.errors, place(pointer), message);
    }

    void error(const std::string& pointer, const std::string& text, const SyntaxError& problem) {
        add(result_.errors, inside(pointer, text, problem.offset()), problem.what());
    }

    void warn(Mistake at, const std::string& message) { add(result_.warnings, std::move(at), message); }

    static void add(std::vector<Mistake>& list, Mistake at, const std::string& message) {
        at.message += message;
        list.push_back(std::move(at));
    }

    const Json& definition_;
    const Catalogue& catalogue_;
    const Places* places_;
    LoadResult& result_;
    KnownNames names_;
};

void load(const Json& definition, const std::string& source, const Catalogue& catalogue, const Places* places,
          LoadResult& result) {
    CheckedWorkflow checked = check_workflow(definition);
    Checker checker(definition, catalogue, places, result);
    for (const Problem& problem : checked.problems) checker.report(problem);
    checker.check();
    std::stable_sort(result.errors.begin(), result.errors.end());
    std::stable_sort(result.warnings.begin(), result.warnings.end());
    if (result.errors.empty())
        result.loaded = LoadedWorkflow{std::move(*checked.workflow), definition, source};
}

}  // namespace

LoadResult load_workflow_text(const std::string& source, const Catalogue& catalogue) {
    LoadResult result;
    const YamlResult yaml = read_yaml(source);
    result.errors = yaml.errors;
    if (yaml.value) load(*yaml.value, source, catalogue, &yaml.places, result);
    return result;
}

LoadResult load_workflow_definition(const Json& definition, const Catalogue& catalogue) {
    LoadResult result;
    load(definition, "", catalogue, nullptr, result);
    return result;
}

}  // namespace hil::worker
