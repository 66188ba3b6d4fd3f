#include "run/known_workflows.hpp"

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "workflow/loader.hpp"

namespace hil::worker {
namespace {

std::set<std::string> ids_of(const Workflow& workflow) {
    std::set<std::string> ids;
    for (const Node& node : workflow.nodes) ids.insert(node.id);
    return ids;
}

std::optional<ParsedCondition> parsed(const std::optional<Condition>& condition,
                                      const std::set<std::string>& ids) {
    if (!condition) return std::nullopt;
    return ParsedCondition::parse(*condition, ids);
}

void add(std::set<std::string>& names, const std::vector<VariableUse>& uses) {
    for (const VariableUse& use : uses) names.insert(use.name);
}

// The parser does not tell the names within brackets and after a pipe of a JMESPath.
bool tells_its_names(const std::optional<Condition>& condition) {
    return !condition || condition->type != "jmespath" ||
           condition->expression.find_first_of("[{|") == std::string::npos;
}

}  // namespace

KnownWorkflow::KnownWorkflow(Workflow given) : workflow(std::move(given)), ids(ids_of(workflow)) {
    for (const Node& node : workflow.nodes) {
        node_conditions.push_back(parsed(node.condition, ids));
        if (node.prompt_template) parse_texts(*node.prompt_template);
        if (node.sink) parse_texts(node.config);
    }
    for (const WorkflowEdge& edge : workflow.edges) edge_conditions.push_back(parsed(edge.condition, ids));
    plan = plan_of(workflow, names_read());
}

void KnownWorkflow::parse_texts(const Json& value) {
    if (value.is_string()) {
        const auto& source = value.get_ref<const std::string&>();
        if (!templates.contains(source)) templates.emplace(source, Template::text(source, ids));
    } else if (value.is_structured()) {
        for (const Json& item : value) parse_texts(item);
    }
}

std::vector<NamesRead> KnownWorkflow::names_read() const {
    std::vector<NamesRead> all;
    for (std::size_t i = 0; i < workflow.nodes.size(); ++i) {
        const Node& node = workflow.nodes[i];
        std::set<std::string> names;
        bool told = tells_its_names(node.condition);
        if (node_conditions[i]) add(names, node_conditions[i]->variables());
        if (node.prompt_template) add(names, templates.at(*node.prompt_template).variables());
        for (std::size_t e = 0; e < workflow.edges.size(); ++e) {
            if (workflow.edges[e].to != node.id) continue;
            told = told && tells_its_names(workflow.edges[e].condition);
            if (edge_conditions[e]) add(names, edge_conditions[e]->variables());
        }
        all.push_back(told ? NamesRead(std::move(names)) : std::nullopt);
    }
    return all;
}

struct KnownWorkflows::Waiter {
    explicit Waiter(const asio::any_io_executor& strand)
        : timer(strand, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    bool waits = false;
};

// As long as it lives, others wait for what its owner reads.
struct KnownWorkflows::Loading {
    KnownWorkflows& workflows;
    const Key key;

    ~Loading() {
        const std::lock_guard lock(workflows.mutex_);
        const auto loading = workflows.loading_.find(key);
        for (const auto& waiter : loading->second)
            asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
        workflows.loading_.erase(loading);
    }
};

// Returns nullptr where the caller has to wait, or else to read it for all.
std::shared_ptr<const KnownWorkflow> KnownWorkflows::find_or_wait(const Key& key,
                                                                  const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    const auto [loading, first] = loading_.try_emplace(key);
    waiter->waits = !first;
    if (waiter->waits) loading->second.push_back(waiter);
    return nullptr;
}

Task<std::shared_ptr<const KnownWorkflow>> KnownWorkflows::get(std::string name, int revision) {
    const Key key(name, revision);
    for (;;) {
        const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
        if (auto known = find_or_wait(key, waiter)) co_return known;
        if (!waiter->waits) break;
        std::error_code woken;
        co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    const Loading loading{*this, key};
    const Json definition = co_await read_(std::move(name), revision);
    co_return parse(key, definition);
}

std::shared_ptr<const KnownWorkflow> KnownWorkflows::parse(const Key& key, const Json& definition) {
    LoadResult result = load_workflow_definition(definition, catalogue_);
    if (!result.loaded) {
        throw BadWorkflow("this worker cannot execute workflow " + key.first + " revision " +
                          std::to_string(key.second) + ": " +
                          (result.errors.empty() ? "" : result.errors.front().message));
    }
    auto workflow = std::make_shared<const KnownWorkflow>(std::move(result.loaded->workflow));
    const std::lock_guard lock(mutex_);
    if (known_.size() >= max_known_workflows) known_.clear();
    known_[key] = workflow;
    return workflow;
}

}  // namespace hil::worker
