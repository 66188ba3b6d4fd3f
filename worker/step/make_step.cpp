#include "step/make_step.hpp"

#include <mutex>
#include <set>

#include "db/protocol.hpp"
#include "step/call_record.hpp"
#include "step/tool_loop.hpp"
#include "watch/log.hpp"
#include "watch/metrics.hpp"
#include "workflow/prompt.hpp"
#include "workflow/scope.hpp"
#include "workflow/template.hpp"

namespace hil::worker {
namespace {

constexpr int iterations_with_tools = 8;

About about(const StepWork& work) {
    return {work.claim.run_id, work.claim.attempt, work.claim.conversation_id, work.node.id};
}

// Counts a step when it is over, however that comes about.
struct Timed {
    Metrics& metrics;
    const std::string& agent;
    bool done = false;
    const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

    Timed(Metrics& metrics, const std::string& agent) : metrics(metrics), agent(agent) {}
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
    ~Timed() { metrics.step_ended(agent, done, took()); }

    std::chrono::steady_clock::duration took() const { return std::chrono::steady_clock::now() - start; }
};

class Steps {
  public:
    Steps(const Catalogue& catalogue, const Providers& providers, Tools& tools, Metrics& metrics)
        : catalogue_(catalogue), providers_(providers), tools_(tools), metrics_(metrics) {}

    Task<StepOutput> run(StepWork work) {
        Timed timed(metrics_, work.node.agent);
        NodeSetting setting = setting_of(work);
        const ModelProfile& profile = *setting.profile;
        if (setting.has_tools) co_await add_tools(work, setting);
        ToolLoop loop(work, std::move(setting), metrics_);
        StepOutput done;
        done.output = co_await loop.run();
        done.usage = usage_json(loop.take_usage(), profile);
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(timed.took());
        done.usage["duration_ms"] = took.count();
        timed.done = true;
        note(spdlog::level::debug, "step_done", fmt::format("done in {} ms", took.count()), about(work));
        co_return done;
    }

  private:
    // Another attempt would find the same.
    [[noreturn]] static void fail(const Node& node, const std::string& message) {
        throw StepFailed(node.id, message, /*retryable=*/false);
    }

    const AgentPreset& preset_of(const Node& node) const {
        const auto found = catalogue_.agents.find(node.agent);
        if (found == catalogue_.agents.end()) fail(node, "unknown agent " + node.agent);
        return found->second;
    }

    const ModelProfile& profile_of(const Node& node) const {
        const std::string name = node.config.value("model_profile", default_model_profile);
        const auto found = catalogue_.model_profiles.find(name);
        if (found == catalogue_.model_profiles.end()) fail(node, "unknown model profile " + name);
        return found->second;
    }

    Provider& provider_of(const Node& node, const ModelProfile& profile) const {
        const auto found = providers_.find(profile.provider);
        if (found == providers_.end()) fail(node, "the provider " + profile.provider + " is not configured");
        return *found->second;
    }

    static OutputSchema schema_of(const Node& node, const AgentPreset& preset) {
        const auto own = node.config.find("output_schema");
        try {
            return OutputSchema(own != node.config.end() ? *own : preset.output_schema);
        } catch (const SchemaError& error) {
            fail(node, std::string("output_schema: ") + error.what());
        }
    }

    static std::string prompt_of(const StepWork& work) {
        if (work.prompt == nullptr) return default_prompt(work.scope.variables);
        try {
            return work.prompt->render(work.scope);
        } catch (const std::exception& error) {
            fail(work.node, std::string("prompt_template: ") + error.what());
        }
    }

    NodeSetting setting_of(const StepWork& work) const {
        const Node& node = work.node;
        const AgentPreset& preset = preset_of(node);
        const ModelProfile& profile = profile_of(node);
        const bool has_tools = !node.config.value("tools", std::vector<std::string>{}).empty();
        return {.profile = &profile,
                .provider = &provider_of(node, profile),
                .schema = schema_of(node, preset),
                .exchange = {system_prompt(preset.system_prompt, work.scope.variables), prompt_of(work), {}},
                .has_tools = has_tools,
                .tools = {},
                .max_iterations = node.config.value("max_iterations", has_tools ? iterations_with_tools : 1)};
    }

    Task<> add_tools(const StepWork& work, NodeSetting& setting) {
        const auto patterns = work.node.config.at("tools").get<std::vector<std::string>>();
        std::vector<std::string> missing;
        try {
            setting.tools = co_await tools_.matching(patterns, missing);
        } catch (const ToolServerDown& error) {
            throw StepFailed(work.node.id, error.what(), /*retryable=*/true);
        }
        std::string names;
        for (const std::string& pattern : missing) names += (names.empty() ? "" : ", ") + pattern;
        if (names.empty()) co_return;
        setting.exchange.system_prompt += "\n\nNot available: " + names + ".";
        say_once(work, names);
    }

    void say_once(const StepWork& work, const std::string& names) {
        const std::lock_guard lock(mutex_);
        const std::string place =
            work.claim.workflow + " " + std::to_string(work.claim.revision) + " " + work.node.id;
        if (said_.insert(place).second)
            note(spdlog::level::warn, "tool_missing",
                 fmt::format("workflow {} revision {} node {}: no tool matches {}", work.claim.workflow,
                             work.claim.revision, work.node.id, names),
                 About{0, 0, {}, work.node.id});
    }

    const Catalogue& catalogue_;
    const Providers& providers_;
    Tools& tools_;
    Metrics& metrics_;
    std::mutex mutex_;
    std::set<std::string> said_;  // about which nodes
};

}  // namespace

RunStep make_step(const Catalogue& catalogue, const Providers& providers, Tools& tools, Metrics& metrics) {
    const auto steps = std::make_shared<Steps>(catalogue, providers, tools, metrics);
    return [steps](StepWork work) { return steps->run(std::move(work)); };
}

}  // namespace hil::worker
