// A run whose steps and whose database say what a test wants.
#pragma once

#include <algorithm>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "db/reports.hpp"
#include "step/spending.hpp"
#include "step/step.hpp"

namespace hil::worker {

// Goes on with what else is due on the strand first.
inline Task<> let_others_go_on(int turns) {
    for (int i = 0; i < turns; ++i)
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

// Answers by node, and remembers what it was asked.
struct FakeSteps {
    std::map<std::string, std::function<Json()>> outputs;  // may throw
    std::map<std::string, int> turns;                      // how long a node takes
    std::map<std::string, Usage> unreported;               // what it leaves with the run
    std::vector<std::string> started, ended;
    std::size_t most_at_once = 0;

    RunStep run_step() {
        return [this](StepWork work) { return run(work.node.id, std::move(work)); };
    }

  private:
    Task<StepOutput> run(std::string node, StepWork work) {
        started.push_back(node);
        work.spending.add_unreported(unreported[node]);
        most_at_once = std::max(most_at_once, started.size() - ended.size());
        struct End {
            std::vector<std::string>& ended;
            const std::string& node;
            ~End() { ended.push_back(node); }
        } end{ended, node};
        co_await let_others_go_on(turns[node]);
        const auto output = outputs.find(node);
        StepOutput step{output == outputs.end() ? Json{{"node", node}} : output->second(),
                        {{"input_tokens", 100}, {"model", "fake"}}};
        co_return step;
    }
};

// Takes every report as told, and writes it down.
class FakeReports : public Reports {
  public:
    std::vector<Json> bodies;
    std::map<std::string, Answer> verdicts;  // by the node of a step
    Answer at_the_end{Answer::Action::done, "", "finished", ""};
    std::function<void()> before_answer;

    Task<Answer> send(Report report) override {
        bodies.push_back(report.body);
        co_await let_others_go_on(1);
        if (before_answer) before_answer();
        for (const Json& step : report.body.value("steps", Json::array()))
            if (const auto verdict = verdicts.find(step.at("node")); verdict != verdicts.end())
                co_return verdict->second;
        const bool ends = report.body.contains("result") || report.body.contains("handover") ||
                          report.body.contains("failure") || report.body.contains("postponed");
        co_return ends ? at_the_end : Answer{Answer::Action::proceed, "", "", ""};
    }

    // The nodes whose steps were reported, in order.
    std::vector<std::string> steps() const {
        std::vector<std::string> nodes;
        for (const Json& body : bodies)
            for (const Json& step : body.value("steps", Json::array())) nodes.push_back(step.at("node"));
        return nodes;
    }
};

}  // namespace hil::worker
