#include "workflow/executor.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/run_result.hpp"
#include "workflow/condition.hpp"
#include "workflow/literal.hpp"
#include "workflow/prompt.hpp"
#include "workflow/schema.hpp"
#include "workflow/storable.hpp"
#include "workflow/template.hpp"

namespace hil::worker {
namespace {

class Run {
  public:
    Run(const Workflow& workflow, const Catalogue& catalogue, llm::Providers& providers, const Json& input,
        const RecordStep& record)
        : workflow_(workflow), catalogue_(catalogue), providers_(providers), record_(record) {
        for (const Node& node : workflow.nodes) ids_.insert(node.id);
        for (const auto& [key, value] : input.items())
            if (key != "steps") scope_.variables[key] = value;
        const auto steps = input.find("steps");
        if (steps != input.end() && steps->is_object()) scope_.nodes = *steps;
    }

    Execution execute(const std::atomic<bool>& abandoned) {
        for (const std::size_t index : topological_order(workflow_)) {
            const Node& node = workflow_.nodes[index];
            if (abandoned) return {};
            if (scope_.nodes.contains(node.id)) {
                remember_answer(scope_.nodes[node.id]);
            } else if (reached(node)) {
                if (node.sink) return {true, result_of(node)};
                if (run(node).action != Verdict::Action::proceed) return {};
            }
        }
        return {true, {{"sink", nullptr}}};
    }

  private:
    bool reached(const Node& node) {
        bool entered = true;
        for (const WorkflowEdge& edge : workflow_.edges) {
            if (edge.to != node.id) continue;
            entered = fired(edge);
            if (entered) break;
        }
        return entered && holds(node.condition, scope_, node.id);
    }

    bool fired(const WorkflowEdge& edge) {
        const auto output = scope_.nodes.find(edge.from);
        if (output == scope_.nodes.end()) return false;
        if (!edge.condition) return true;
        scope_.output = *output;
        const bool holding = holds(edge.condition, scope_, edge.from);
        scope_.output.reset();
        return holding;
    }

    bool holds(const std::optional<Condition>& condition, const Scope& scope, const std::string& node) {
        if (!condition) return true;
        try {
            return ParsedCondition::parse(*condition, ids_).holds(scope);
        } catch (const std::exception& error) {
            throw StepFailed(node, std::string("condition: ") + error.what(), /*retryable=*/false);
        }
    }

    Verdict run(const Node& node) {
        const OutputSchema schema = schema_of(node);
        const llm::Request request = request_of(node, schema);
        const auto start = std::chrono::steady_clock::now();
        llm::Reply reply = ask(node, request);
        const auto took = std::chrono::steady_clock::now() - start;
        check(node, schema, reply.output);
        scope_.nodes[node.id] = reply.output;
        remember_answer(reply.output);
        Json usage = {{"input_tokens", reply.input_tokens},
                      {"output_tokens", reply.output_tokens},
                      {"cost_usd", reply.cost_usd},
                      {"duration_ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()},
                      {"model", request.model.empty() ? profile_of(node).provider : request.model}};
        add_handover(usage);
        return record_(node.id, reply.output, usage);
    }

    const AgentPreset& preset_of(const Node& node) const {
        const auto found = catalogue_.agents.find(node.agent);
        if (found == catalogue_.agents.end())
            throw StepFailed(node.id, "unknown agent " + node.agent, /*retryable=*/false);
        return found->second;
    }

    const ModelProfile& profile_of(const Node& node) const {
        const std::string name = node.config.value("model_profile", default_model_profile);
        const auto found = catalogue_.model_profiles.find(name);
        if (found == catalogue_.model_profiles.end())
            throw StepFailed(node.id, "unknown model profile " + name, /*retryable=*/false);
        return found->second;
    }

    OutputSchema schema_of(const Node& node) const {
        const auto own = node.config.find("output_schema");
        try {
            return OutputSchema(own != node.config.end() ? *own : preset_of(node).output_schema);
        } catch (const SchemaError& error) {
            throw StepFailed(node.id, std::string("output_schema: ") + error.what(), /*retryable=*/false);
        }
    }

    llm::Request request_of(const Node& node, const OutputSchema& schema) {
        const ModelProfile& profile = profile_of(node);
        llm::Request request;
        request.node = node.id;
        request.agent = node.agent;
        request.model = profile.model;
        request.options = profile.options;
        request.system_prompt = system_prompt(preset_of(node).system_prompt, scope_.variables);
        request.output_schema = schema.json_schema();
        request.variables = scope_.variables;
        request.tools = node.config.value("tools", std::vector<std::string>{});
        request.max_iterations = node.config.value("max_iterations", 1);
        try {
            request.prompt =
                node.prompt_template ? rendered(*node.prompt_template) : default_prompt(scope_.variables);
        } catch (const std::exception& error) {
            throw StepFailed(node.id, std::string("prompt_template: ") + error.what(), /*retryable=*/false);
        }
        return request;
    }

    llm::Reply ask(const Node& node, const llm::Request& request) {
        const std::string& name = profile_of(node).provider;
        const auto provider = providers_.find(name);
        if (provider == providers_.end())
            throw StepFailed(node.id, "the provider " + name + " is not configured", /*retryable=*/false);
        try {
            return provider->second->complete(request);
        } catch (const llm::ProviderError& error) {
            throw StepFailed(node.id, error.what(), error.retryable, error.retry_after);
        } catch (const std::exception& error) {
            throw StepFailed(node.id, error.what(), /*retryable=*/true);
        }
    }

    // Another attempt may get a better answer from the model, so what is wrong with one can be retried.
    static void check(const Node& node, const OutputSchema& schema, const Json& output) {
        std::string problem;
        try {
            require_storable(output, "output");
            for (const std::string& mismatch : schema.problems(output))
                problem += (problem.empty() ? "the output does not fit its schema: " : "; ") + mismatch;
        } catch (const std::exception& error) {
            problem = error.what();
        }
        if (!problem.empty()) throw StepFailed(node.id, problem, /*retryable=*/true);
    }

    void remember_answer(const Json& output) {
        const auto answer = output.find("answer");
        if (output.is_object() && answer != output.end() && answer->is_string() && !answer->empty())
            answer_ = answer->get<std::string>();
    }

    std::string rendered(const std::string& source) {
        auto known = templates_.find(source);
        if (known == templates_.end()) known = templates_.emplace(source, Template::text(source, ids_)).first;
        return known->second.render(scope_);
    }

    // Renders every text in a sink's config once.
    Json rendered_config(const Json& value) {
        if (value.is_string()) return rendered(value.get<std::string>());
        Json out = value;
        if (value.is_structured())
            for (Json& item : out) item = rendered_config(item);
        return out;
    }

    Json sink_config(const Node& sink) {
        Json config = rendered_config(sink.config);
        for (const char* key : {"required_skills", "priority"})
            if (const auto field = config.find(key); field != config.end() && field->is_string())
                *field = typed_field(key, field->get<std::string>());
        return config;
    }

    Json result_of(const Node& sink) {
        try {
            Json config = sink_config(sink);
            const bool answers = sink.action == action_finish || sink.action == action_reply;
            if (answers && !config.contains("response") && answer_) config["response"] = *answer_;
            Json result = {{"sink", sink.id}, {"config", std::move(config)}};
            require_storable(result, "result");
            read_run_result(result);  // what the database would refuse fails here, with the node's name
            return result;
        } catch (const std::exception& error) {
            throw StepFailed(sink.id, std::string("config: ") + error.what(), /*retryable=*/false);
        }
    }

    void add_handover(Json& usage) {
        for (const Node& node : workflow_.nodes) {
            if (!node.sink || node.action != action_handover) continue;
            try {
                Json config = sink_config(node);
                read_sink_route(config, "usage.handover");
                usage["handover"] = std::move(config);
                require_storable(usage, "usage");
            } catch (const std::exception&) {
                usage.erase("handover");
                // The step counts; if a trigger fires on it, the workflow's routing rules route.
            }
            return;
        }
    }

    const Workflow& workflow_;
    const Catalogue& catalogue_;
    llm::Providers& providers_;
    const RecordStep& record_;
    std::set<std::string> ids_;
    Scope scope_;
    std::optional<std::string> answer_;
    std::map<std::string, Template> templates_;
};

}  // namespace

Execution execute(const Workflow& workflow, const Catalogue& catalogue, llm::Providers& providers,
                  const Json& input, const RecordStep& record, const std::atomic<bool>& abandoned) {
    return Run(workflow, catalogue, providers, input, record).execute(abandoned);
}

}  // namespace hil::worker
