// A step with a provider and tools that the test plays.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/protocol.hpp"
#include "step/make_step.hpp"
#include "step/spending.hpp"
#include "task_support.hpp"
#include "watch/metrics.hpp"
#include "workflow/scope.hpp"

namespace hil::worker {

// Says what it is told to, in order, and remembers what it was asked.
class FakeProvider : public Provider {
  public:
    struct Asked {
        std::string system_prompt, prompt;
        std::vector<ModelTurn> turns;
        std::vector<ToolSpec> tools;
        bool must_answer = false;
    };
    std::deque<Reply> replies;
    std::vector<Asked> asked;
    std::optional<ProviderError> error;

    Task<Reply> ask(const Question& question) override {
        asked.push_back({question.exchange->system_prompt, question.exchange->prompt,
                         question.exchange->turns, *question.tools, question.must_answer});
        if (error) throw ProviderError(*error);
        if (replies.empty()) throw std::runtime_error("nothing more to say");
        Reply reply = replies.front();
        replies.pop_front();
        co_return reply;
    }
};

inline Reply says(const std::string& answer) {
    Reply reply;
    reply.answer = answer;
    reply.turn.raw = {{"said", answer}};
    reply.turn.kind = "fake";
    reply.turn.text = answer;
    reply.usage = {100, 20, 0, 0, 0.001};
    return reply;
}

inline Reply calls(std::vector<ToolCall> calls) {
    Reply reply;
    reply.finish = Finish::called;
    reply.turn.raw = {{"called", calls.size()}};
    reply.turn.kind = "fake";
    reply.turn.calls = std::move(calls);
    reply.usage = {100, 20, 0, 0, 0.001};
    return reply;
}

class FakeTool : public Tool {
  public:
    explicit FakeTool(std::string name) : name_(std::move(name)) {}
    std::vector<std::string> keys;
    std::vector<bool> again;
    std::vector<Json> arguments;
    std::string answer = "done";
    bool is_error = false, records_itself = false;

    const std::string& name() const override { return name_; }
    const std::string& description() const override { return description_; }
    const OutputSchema& parameters() const override { return parameters_; }
    Task<ToolOutcome> call(const Json& given, const CallContext& context) override {
        keys.push_back(context.idempotency_key);
        again.push_back(context.again);
        arguments.push_back(given);
        co_return ToolOutcome{answer, is_error, records_itself, 0};
    }

  private:
    std::string name_, description_ = "Does it.";
    OutputSchema parameters_{Json::parse(
        R"({"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]})")};
};

class FakeTools : public Tools {
  public:
    std::vector<std::shared_ptr<Tool>> all;
    std::vector<std::string> asked_for, not_there;
    bool down = false;

    Task<std::vector<std::shared_ptr<Tool>>> matching(const std::vector<std::string>& patterns,
                                                      std::vector<std::string>& missing) override {
        asked_for = patterns;
        missing = not_there;
        if (down) throw ToolServerDown("tool server gmail: it does not start");
        co_return all;
    }
    Task<> stop() override { co_return; }
    std::vector<std::string> configured() const override { return {}; }
};

class StepTest : public testing::Test {
  protected:
    StepTest() {
        auto owned = std::make_unique<FakeProvider>();
        provider = owned.get();
        providers["fake"] = std::move(owned);
        profile().provider = "fake";
        profile().model = "m1";
        order = std::make_shared<FakeTool>("shopify.get_order");
        tools.all = {order};
        node.id = "answer";
        node.agent = "reasoning_support_agent";
        node.config = {{"output_schema", {{"answer", "string"}}}};
        scope.variables = {{"customer_message", "Where is my order?"}};
        claim.run_id = 7;
        claim.input = Json::object();
        claim.attempt = 1;
    }

    ModelProfile& profile() { return catalogue.model_profiles["balanced"]; }

    void give_tools(const std::vector<std::string>& patterns = {"shopify.*"}) {
        node.config["tools"] = patterns;
    }

    StepOutput run() {
        spending.emplace(limits, claim.input.value("spent", Json()));
        const RunStep step = make_step(catalogue, providers, tools, metrics);
        const RecordCalls record = [this](const Json& items) { return note(items); };
        StepWork work = {.workflow = workflow,
                         .node = node,
                         .prompt = nullptr,
                         .scope = scope,
                         .claim = claim,
                         .spending = *spending,
                         .calls = earlier.is_null() ? nullptr : &earlier,
                         .record_calls = record,
                         .at_provider = {}};
        return run_task(step(work));
    }

    Task<> note(Json items) {
        notes.push_back(std::move(items));
        co_return;
    }

    // What the database has after an attempt wrote these things down.
    static Json after(const std::vector<Json>& notes) {
        Json calls = Json::array();
        for (const Json& items : notes)
            for (const Json& item : items) {
                Json* known = nullptr;
                for (Json& call : calls)
                    if (call["call"] == item["call"]) known = &call;
                if (known == nullptr) known = &calls.emplace_back(Json::object());
                known->update(item);
            }
        return calls;
    }

    StepFailed failure() {
        try {
            run();
        } catch (const StepFailed& error) {
            return error;
        }
        throw std::runtime_error("the step did not fail");
    }

    Catalogue catalogue = Catalogue::builtin();
    Workflow workflow;
    Node node;
    Scope scope;
    Claim claim;
    Limits limits;
    Metrics metrics;
    std::optional<Spending> spending;  // of the last run
    Providers providers;
    FakeProvider* provider = nullptr;
    FakeTools tools;
    std::shared_ptr<FakeTool> order;
    Json earlier;
    std::vector<Json> notes;  // what was written down, in order
};

}  // namespace hil::worker
