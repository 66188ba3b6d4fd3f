#include "run/executor.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include "run/sinks.hpp"
#include "watch/points.hpp"
#include "workflow/scope.hpp"

namespace hil::worker {
namespace {

// Thrown through a step that was told that its run is over.
struct RunOver {
    Answer answer;
};

enum class State { open, running, ran, passed_by };

class Execution {
  public:
    Execution(const KnownWorkflow& known, const Claim& claim, Spending& spending, RunStep run_step,
              SendReport send, int parallel_nodes, std::function<void(bool)> at_provider,
              std::function<void(bool)> at_tool, asio::any_io_executor strand)
        : known_(known),
          nodes_(known.workflow.nodes),
          claim_(claim),
          spending_(spending),
          run_step_(std::move(run_step)),
          send_(std::move(send)),
          parallel_nodes_(parallel_nodes),
          at_provider_(std::move(at_provider)),
          at_tool_(std::move(at_tool)),
          strand_(std::move(strand)),
          states_(nodes_.size(), State::open),
          changed_(strand_, asio::steady_timer::time_point::max()) {
        for (const auto& [key, value] : claim.input.items())
            if (key != "steps" && key != "calls" && key != "spent") scope_.variables[key] = value;
        const auto steps = claim.input.find("steps");
        if (steps != claim.input.end() && steps->is_object()) scope_.nodes = *steps;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!scope_.nodes.contains(nodes_[i].id)) continue;
            states_[i] = State::ran;
            obey_call_for_human(scope_.nodes[nodes_[i].id]);
        }
    }

    Task<Answer> run() {
        std::exception_ptr error;
        Answer answer;
        try {
            answer = co_await until_the_end();
        } catch (...) {
            error = std::current_exception();
        }
        if (!running_.empty()) {
            // Without this, a cancelled coroutine could not wait for those that it has started.
            co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
            for (Running& running : running_) running.signal.emit(asio::cancellation_type::terminal);
            while (!running_.empty()) co_await something_ends();
        }
        if (error) std::rethrow_exception(error);
        co_return answer;
    }

  private:
    struct Running {
        std::size_t node;
        asio::cancellation_signal signal;
    };

    Task<Answer> until_the_end() {
        for (;;) {
            ended_.clear();
            std::optional<Json> result;
            try {
                result = decide();
            } catch (...) {
                failure_ = std::current_exception();
            }
            if (over_) co_return *over_;
            if (handover_) {
                Json call = {{"handover", *handover_}};
                co_return co_await conclude(std::move(call));
            }
            if (failure_ && running_.empty()) co_return co_await fail();
            if (result) co_return co_await conclude(std::move(*result));
            if (!pending_.empty() && (!startable_.empty() || !running_.empty())) {
                const Answer answer = co_await report_steps();
                if (answer.action != Answer::Action::proceed) co_return answer;
                continue;  // others may have ended meanwhile
            }
            if (running_.empty() && (startable_.size() == 1 || parallel_nodes_ == 1)) {
                co_await run_here(startable_.front());
            } else {
                start();
                co_await something_ends();
            }
        }
    }

    // Takes every decision that can be taken, and lists what can be started. Returns the result, if the run
    // has one: then nothing is running.
    std::optional<Json> decide() {
        startable_.clear();
        if (failure_) return std::nullopt;
        bool all_decided = true;
        for (const std::size_t index : known_.plan.order) {
            if (states_[index] == State::open && may_be_decided(index)) {
                const Node& node = nodes_[index];
                if (!reached(index)) {
                    states_[index] = State::passed_by;
                } else if (node.sink) {
                    return Json{{"result", result_of(known_, node, scope_, last_answer())}};
                } else {
                    startable_.push_back(index);
                }
            }
            all_decided = all_decided && is_decided(index);
        }
        if (!all_decided) return std::nullopt;
        return Json{{"result", {{"sink", nullptr}}}};
    }

    bool is_decided(std::size_t index) const {
        return states_[index] == State::ran || states_[index] == State::passed_by;
    }

    bool may_be_decided(std::size_t index) const {
        for (const std::size_t other : known_.plan.waits_for[index])
            if (!is_decided(other)) return false;
        return true;
    }

    bool reached(std::size_t index) {
        const Node& node = nodes_[index];
        bool entered = true;
        for (std::size_t e = 0; e < known_.workflow.edges.size(); ++e) {
            if (known_.workflow.edges[e].to != node.id) continue;
            entered = fired(e);
            if (entered) break;
        }
        return entered && holds(known_.node_conditions[index], node.id);
    }

    bool fired(std::size_t index) {
        const WorkflowEdge& edge = known_.workflow.edges[index];
        const auto output = scope_.nodes.find(edge.from);
        if (output == scope_.nodes.end()) return false;
        if (!edge.condition) return true;
        scope_.output = *output;
        const bool holding = holds(known_.edge_conditions[index], edge.from);
        scope_.output.reset();
        return holding;
    }

    bool holds(const std::optional<ParsedCondition>& condition, const std::string& node) const {
        if (!condition) return true;
        try {
            return condition->holds(scope_);
        } catch (const std::exception& error) {
            throw StepFailed(node, std::string("condition: ") + error.what(), /*retryable=*/false);
        }
    }

    // The last text that an agent node gave as its answer, in the order of the workflow.
    std::optional<std::string> last_answer() const {
        std::optional<std::string> last;
        for (const std::size_t index : known_.plan.order) {
            const auto output = scope_.nodes.find(nodes_[index].id);
            if (output == scope_.nodes.end() || !output->is_object()) continue;
            const auto answer = output->find("answer");
            if (answer != output->end() && answer->is_string()) last = answer->get<std::string>();
        }
        return last;
    }

    void start() {
        for (const std::size_t index : startable_) {
            if (static_cast<int>(running_.size()) >= parallel_nodes_) return;
            states_[index] = State::running;
            const auto running = running_.emplace(running_.end());
            running->node = index;
            Task<StepOutput> step = step_of(index);
            asio::co_spawn(strand_, std::move(step),
                           asio::bind_cancellation_slot(
                               running->signal.slot(),
                               [this, running](const std::exception_ptr& error, StepOutput output) {
                                   take(running->node, error, std::move(output));
                                   // Its signal is still in use until this handler has
                                   // returned.
                                   ended_.splice(ended_.end(), running_, running);
                                   changed_.cancel();
                               }));
        }
    }

    // What a coroutine of its own would cost is saved where nothing else is going on.
    Task<> run_here(std::size_t index) {
        states_[index] = State::running;
        std::exception_ptr error;
        StepOutput output;
        Task<StepOutput> step = step_of(index);
        try {
            output = co_await std::move(step);
        } catch (...) {
            error = std::current_exception();
        }
        take(index, error, std::move(output));
    }

    Task<StepOutput> step_of(std::size_t index) {
        const Node& node = nodes_[index];
        const auto prompt =
            node.prompt_template ? known_.templates.find(*node.prompt_template) : known_.templates.end();
        return run_step_(
            StepWork{.workflow = known_.workflow,
                     .node = node,
                     .prompt = prompt == known_.templates.end() ? nullptr : &prompt->second,
                     .scope = scope_,
                     .claim = claim_,
                     .spending = spending_,
                     .calls = calls_of(node.id),
                     .record_calls = [this, &node](Json calls) { return record(node.id, std::move(calls)); },
                     .at_provider = at_provider_,
                     .at_tool = at_tool_});
    }

    const Json* calls_of(const std::string& node) const {
        const auto all = claim_.input.find("calls");
        if (all == claim_.input.end() || !all->is_object()) return nullptr;
        const auto calls = all->find(node);
        return calls == all->end() ? nullptr : &*calls;
    }

    Task<> record(const std::string& node, Json calls) {
        for (Json& call : calls) call["node"] = node;
        Json body = Json::object();
        body["calls"] = std::move(calls);
        const Answer answer = co_await send_(std::move(body));
        if (answer.action != Answer::Action::proceed) throw RunOver{answer};
    }

    void take(std::size_t index, const std::exception_ptr& error, StepOutput output) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const RunOver& run) {
            over_ = run.answer;
            return;
        } catch (...) {
            if (!failure_) failure_ = error;
            return;
        }
        states_[index] = State::ran;
        const std::string& id = nodes_[index].id;
        scope_.nodes[id] = output.output;
        add_handover(known_, scope_, output.usage);
        add_call_for_human(output.output, output.usage);
        obey_call_for_human(output.output);
        pending_.push_back(
            {{"node", id}, {"output", std::move(output.output)}, {"usage", std::move(output.usage)}});
    }

    // Where the trigger agent_decision judges the step, the database hands over; else the worker does.
    void obey_call_for_human(const Json& output) {
        const HilConfig& hil = known_.workflow.hil;
        const Json* const call = call_for_human(output);
        if (call != nullptr && !(hil.enabled && hil.agent_decision)) handover_ = *call;
    }

    Task<> something_ends() {
        std::error_code woken;
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        changed_.expires_at(asio::steady_timer::time_point::max());
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw std::system_error(asio::error::operation_aborted);
    }

    // Sends what is finished, with `body`.
    Task<Answer> report(Json body) {
        if (!pending_.empty()) body["steps"] = std::exchange(pending_, Json::array());
        return send_(std::move(body));
    }

    Task<Answer> conclude(Json result) {
        reach("before_result");
        const Answer answer = co_await report(std::move(result));
        reach("after_result");
        co_return answer;
    }

    Task<Answer> report_steps() {
        Json body = Json::object();
        return report(std::move(body));
    }

    // What was finished before the failure counts: it is not executed again, and its verdict stands.
    Task<Answer> fail() {
        if (!pending_.empty()) {
            const Answer answer = co_await report_steps();
            if (answer.action != Answer::Action::proceed) co_return answer;
        }
        std::rethrow_exception(failure_);
    }

    const KnownWorkflow& known_;
    const std::vector<Node>& nodes_;
    const Claim& claim_;
    Spending& spending_;
    RunStep run_step_;
    SendReport send_;
    const int parallel_nodes_;
    const std::function<void(bool)> at_provider_, at_tool_;
    asio::any_io_executor strand_;
    Scope scope_;
    std::vector<State> states_;
    std::vector<std::size_t> startable_;
    std::list<Running> running_;
    std::list<Running> ended_;
    asio::steady_timer changed_;
    Json pending_ = Json::array();  // steps that are done and not yet reported
    std::exception_ptr failure_;
    std::optional<Json> handover_;  // that a model has called for
    std::optional<Answer> over_;
};

}  // namespace

Task<Answer> execute(const KnownWorkflow& workflow, const Claim& claim, Spending& spending, RunStep run_step,
                     SendReport send, int parallel_nodes, std::function<void(bool)> at_provider,
                     std::function<void(bool)> at_tool) {
    Execution execution(workflow, claim, spending, std::move(run_step), std::move(send), parallel_nodes,
                        std::move(at_provider), std::move(at_tool), co_await asio::this_coro::executor);
    co_return co_await execution.run();
}

}  // namespace hil::worker
