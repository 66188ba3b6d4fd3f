#include "run/sinks.hpp"

#include <utility>

#include "core/run_result.hpp"
#include "step/step.hpp"
#include "workflow/literal.hpp"
#include "workflow/storable.hpp"

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

Json config_of(const KnownWorkflow& workflow, const Node& sink, const Scope& scope) {
    Json config = rendered(workflow, scope, sink.config);
    for (const char* key : {"required_skills", "priority"})
        if (const auto field = config.find(key); field != config.end() && field->is_string())
            *field = typed_field(key, field->get<std::string>());
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

}  // namespace hil::worker
