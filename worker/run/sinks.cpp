#include "run/sinks.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/run_result.hpp"
#include "step/step.hpp"
#include "watch/log.hpp"
#include "workflow/literal.hpp"
#include "workflow/storable.hpp"
#include "workflow/template_texts.hpp"

namespace hil::worker {
namespace {

// Renders every text in a sink's config once.
Json rendered(const KnownWorkflow& workflow, const Scope& scope, const Json& value) {
    if (value.is_string()) return workflow.templates.at(value.get_ref<const std::string&>()).render(scope);
    Json out = value;
    if (value.is_structured())
        for (Json& item : out) item = rendered(workflow, scope, item);
    return out;
}

bool is_word_character(char c) {
    return c == '_' || c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           static_cast<unsigned char>(c) > 127;
}

bool has_word(const std::string& text, const std::string& word) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !is_word_character(text[at - 1])) &&
            (end == text.size() || !is_word_character(text[end])))
            return true;
    }
    return false;
}

// What the author wrote as text in a template, or in a list of them.
std::string texts_of(const Json& value) {
    if (value.is_string()) return template_texts(value.get_ref<const std::string&>());
    std::string texts;
    if (value.is_structured())
        for (const Json& item : value) texts += texts_of(item) + "\n";
    return texts;
}

// A model's words never become a queue that nobody serves: what a rule of the workflow does not name, and the
// sink's author did not write, is no skill.
void drop_unknown_skills(const Workflow& workflow, const Node& sink, Json& config) {
    const auto skills = config.find("required_skills");
    if (skills == config.end() || !skills->is_array()) return;
    const std::string written = texts_of(sink.config.at("required_skills"));
    const auto is_unknown = [&](const Json& skill) {
        const auto named = [&](const RoutingRule& rule) { return skill == rule.skill; };
        const auto& rules = workflow.hil.routing_rules;
        return skill.is_string() && skill != "general" && std::none_of(rules.begin(), rules.end(), named) &&
               !has_word(written, skill.get_ref<const std::string&>());
    };
    auto& list = skills->get_ref<Json::array_t&>();
    if (std::erase_if(list, is_unknown) > 0)
        note(spdlog::level::info, "unknown_skill",
             "a skill that does not exist was asked for; it is left out", About{0, 0, {}, sink.id});
}

Json config_of(const KnownWorkflow& workflow, const Node& sink, const Scope& scope) {
    Json config = rendered(workflow, scope, sink.config);
    for (const char* key : {"required_skills", "priority"})
        if (const auto field = config.find(key); field != config.end() && field->is_string())
            *field = typed_field(key, field->get<std::string>());
    drop_unknown_skills(workflow.workflow, sink, config);
    return config;
}

}  // namespace

Json result_of(const KnownWorkflow& workflow, const Node& sink, const Scope& scope,
               const std::optional<std::string>& answer) {
    try {
        Json config = config_of(workflow, sink, scope);
        const bool answers = sink.action == action_finish || sink.action == action_reply;
        if (answers && !config.contains("response") && answer) config["response"] = *answer;
        Json result = {{"sink", sink.id}, {"config", std::move(config)}};
        require_storable(result, "result");
        read_run_result(result);  // what the database would refuse fails here, with the node's name
        return result;
    } catch (const std::exception& error) {
        throw StepFailed(sink.id, std::string("config: ") + error.what(), /*retryable=*/false);
    }
}

void add_handover(const KnownWorkflow& workflow, const Scope& scope, Json& usage) {
    for (const Node& node : workflow.workflow.nodes) {
        if (!node.sink || node.action != action_handover) continue;
        try {
            Json config = config_of(workflow, node, scope);
            read_sink_route(config, "usage.handover");
            usage["handover"] = std::move(config);
            require_storable(usage, "usage");
        } catch (const std::exception&) {
            usage.erase("handover");
        }
        return;
    }
}

const Json* call_for_human(const Json& output) {
    const auto call = output.is_object() ? output.find("handover_to_human") : output.end();
    return output.is_object() && call != output.end() && call->is_object() ? &*call : nullptr;
}

void add_call_for_human(const Json& output, Json& usage) {
    const Json* const call = call_for_human(output);
    if (call == nullptr) return;
    for (const char* key : {"required_skills", "priority"})
        if (const auto said = call->find(key); said != call->end()) usage["handover"][key] = *said;
}

}  // namespace hil::worker
