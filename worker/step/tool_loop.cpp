#include "step/tool_loop.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/text.hpp"
#include "db/protocol.hpp"
#include "llm/counted_provider.hpp"
#include "step/call_record.hpp"
#include "step/repair.hpp"
#include "step/spending.hpp"
#include "tools/result_text.hpp"
#include "tools/tool_name.hpp"
#include "watch/metrics.hpp"
#include "watch/points.hpp"
#include "workflow/scope.hpp"

namespace hil::worker {
namespace {

constexpr std::size_t max_calls_per_turn = 32;
constexpr std::size_t max_turn_bytes = 512 << 10;
constexpr std::size_t max_result_bytes = 400 << 10;  // twice that is less than a report may weigh

bool repeats_ids(const ModelTurn& turn) {
    std::set<std::string> ids;
    for (const ToolCall& call : turn.calls)
        if (!ids.insert(call.id).second) return true;
    return false;
}

class InCall {
  public:
    explicit InCall(const std::function<void(bool)>& told) : told_(told) {
        if (told_) told_(true);
    }
    InCall(const InCall&) = delete;
    InCall& operator=(const InCall&) = delete;
    ~InCall() {
        if (told_) told_(false);
    }

  private:
    const std::function<void(bool)>& told_;
};

}  // namespace

ToolLoop::ToolLoop(const StepWork& work, NodeSetting setting, Metrics& metrics)
    : work_(work),
      setting_(std::move(setting)),
      metrics_(metrics),
      offer_(setting_.has_tools ? Offer(work.workflow, setting_.tools) : Offer()) {}

ToolLoop::~ToolLoop() { work_.spending.add_unreported(usage_); }

Task<Json> ToolLoop::run() {
    co_await resume();
    while (!handed_over_) {
        const bool must_answer = iterations_ + 1 >= setting_.max_iterations || offer_.specs().empty();
        Reply reply = co_await ask(must_answer);
        std::string problem;
        if (reply.finish == Finish::called) {
            problem = "no tool can be called now";
            if (!must_answer) {
                ++iterations_;
                ModelTurn turn = reply.turn;
                problem = co_await make_calls(std::move(turn));
                if (problem.empty()) continue;
            }
        } else {
            Json output;
            problem = read_answer(reply.answer.value_or(""), setting_.schema, output);
            if (problem.empty()) co_return output;
        }
        repair(std::move(reply.turn), problem);
    }
    co_return *handed_over_;
}

void ToolLoop::repair(ModelTurn turn, const std::string& problem) {
    if (repairs_ == setting_.profile->repair_attempts) fail(problem, /*retryable=*/true);
    ++repairs_;
    metrics_.model_repaired({setting_.profile->provider, name_of(*setting_.profile)});
    correct(turn, problem);
    setting_.exchange.turns.push_back(std::move(turn));
}

Task<Reply> ToolLoop::ask(bool must_answer) {
    work_.spending.require_model_call();
    Question question;
    question.node = work_.node.id;
    question.profile = setting_.profile;
    question.exchange = &setting_.exchange;
    question.output_schema = &setting_.schema.json_schema();
    question.tools = &offer_.specs();
    question.must_answer = must_answer;
    question.waited = &waited_;
    question.at_provider = work_.at_provider;
    question.variables = &work_.scope.variables;
    question.about = {work_.claim.run_id, work_.claim.attempt, work_.claim.conversation_id, work_.node.id};
    std::optional<Reply> reply;
    try {
        reach("before_model_call");
        reply = co_await setting_.provider->ask(question);
        reach("after_model_call");
    } catch (const ProviderError& error) {
        if (error.kind == ProviderError::Kind::no_place)
            throw StepPostponed(error.what(), error.retry_after.value_or(std::chrono::milliseconds(0)));
        throw StepFailed(work_.node.id, error.what(), error.retryable, error.retry_after);
    }
    work_.spending.add(reply->usage);
    usage_ += reply->usage;
    const std::string detail = reply->detail.empty() ? "" : ": " + one_line(reply->detail, 300);
    if (reply->finish == Finish::truncated)
        fail("the answer was cut off at max_tokens " + std::to_string(setting_.profile->max_tokens), false);
    if (reply->finish == Finish::refused) fail("the model refused" + detail, false);
    if (reply->finish == Finish::filtered) fail("the provider's filter stopped the answer" + detail, false);
    co_return std::move(*reply);
}

Task<std::string> ToolLoop::make_calls(ModelTurn turn) {
    if (turn.calls.size() > max_calls_per_turn)
        co_return "more than " + std::to_string(max_calls_per_turn) + " calls at once";
    if (repeats_ids(turn)) {
        // No API takes two results of one id: the model is told in words.
        turn.kind = "";
        turn.raw = nullptr;
    }
    refuse_calls(turn);
    const int first = calls_ + 1;
    Json items = items_of(turn, turns_ + 1, first, usage_, *setting_.profile,
                          [this](const std::string& wire) { return offer_.name(wire); });
    if (items.dump().size() > max_turn_bytes) co_return "the calls are too large";
    ++turns_;
    calls_ += static_cast<int>(turn.calls.size());
    // A turn without calls is one that the provider wants to go on with.
    if (!turn.calls.empty()) {
        Task<> note = work_.record_calls(std::move(items));
        co_await std::move(note);
        usage_ = {};
        reach("after_calls_noted");
    }
    setting_.exchange.turns.push_back(std::move(turn));
    for (std::size_t i = 0; i < setting_.exchange.turns.back().calls.size() && !handed_over_; ++i)
        if (!setting_.exchange.turns.back().results.contains(i))
            co_await make_call(i, first + static_cast<int>(i));
    co_return "";
}

// Puts results into the turn for the calls that cannot be made.
void ToolLoop::refuse_calls(ModelTurn& turn) const {
    for (std::size_t i = 0; i < turn.calls.size(); ++i) {
        Json arguments;
        std::string why = offer_.refusal(turn.calls[i], turn.calls.size() == 1, arguments);
        if (why.empty()) continue;
        metrics_.tool_refused(offer_.label(turn.calls[i].wire_name));
        turn.results[i] = {std::move(why), true};
    }
}

// Makes the call at a place of the last turn and adds its result to it.
Task<> ToolLoop::make_call(std::size_t at, int number, bool again) {
    work_.spending.require_tool_call();
    const ToolCall call = setting_.exchange.turns.back().calls.at(at);
    const auto start = std::chrono::steady_clock::now();
    ToolOutcome outcome;
    Json arguments;
    if (std::string why = offer_.refusal(call, /*alone=*/true, arguments); !why.empty()) {
        // Only in a later attempt, to which the tools have changed.
        if (call.wire_name != handover_tool_name) why += "; it is not known whether the call had an effect";
        outcome = {std::move(why), true};
        metrics_.tool_refused(offer_.label(call.wire_name));
    } else if (call.wire_name == handover_tool_name) {
        handed_over_ = offer_.handed_over(call);
        metrics_.tool_called(handover_tool_name, "done", Metrics::Seconds(0));
        outcome.text = "A human takes over.";
    } else {
        const std::string key =
            "hil-" + std::to_string(work_.claim.run_id) + "-" + work_.node.id + "-" + std::to_string(number);
        const CallContext context = {.run_id = work_.claim.run_id,
                                     .attempt = work_.claim.attempt,
                                     .conversation_id = work_.claim.conversation_id,
                                     .node = work_.node.id,
                                     .call = number,
                                     .idempotency_key = key,
                                     .again = again};
        const std::shared_ptr<Tool> tool = offer_.tool(call.wire_name);
        {
            const InCall in_call(work_.at_tool);
            outcome = co_await tool->call(arguments, context);
        }
        metrics_.tool_called(tool->name(), outcome.is_error ? "error" : "done",
                             std::chrono::steady_clock::now() - start);
        reach("after_tool_call");
    }
    work_.spending.add_call();
    const auto took = std::chrono::steady_clock::now() - start;
    const ToolResult result = {result_text(outcome.text, max_result_bytes), outcome.is_error};
    setting_.exchange.turns.back().results[at] = result;
    if (outcome.recorded) co_return;
    Json items = Json::array();
    items.push_back(
        result_item(number, result, std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    Task<> note = work_.record_calls(std::move(items));
    co_await std::move(note);
    reach("after_call_recorded");
}

// Rebuilds the turns of earlier attempts, and makes the calls that have no answer, under their old numbers.
Task<> ToolLoop::resume() {
    if (work_.calls == nullptr || !work_.calls->is_array()) co_return;
    const std::vector<RecordedTurn> recorded = recorded_turns(*work_.calls, *setting_.profile);
    for (const RecordedTurn& earlier : recorded) {
        ++iterations_;
        turns_ = std::max(turns_, earlier.number);
        setting_.exchange.turns.push_back(earlier.turn);
        for (std::size_t i = 0; i < earlier.turn.calls.size() && !handed_over_; ++i) {
            const ToolCall& call = earlier.turn.calls[i];
            calls_ = std::max(calls_, earlier.numbers[i]);
            const auto result = earlier.turn.results.find(i);
            if (result == earlier.turn.results.end()) {
                co_await make_call(i, earlier.numbers[i], /*again=*/true);
            } else if (earlier.tools[i] == handover_tool_name && !result->second.is_error &&
                       offer_.has_handover()) {
                handed_over_ = offer_.handed_over(call);
            }
        }
    }
}

void ToolLoop::fail(const std::string& message, bool retryable) const {
    throw StepFailed(work_.node.id, message, retryable);
}

}  // namespace hil::worker
