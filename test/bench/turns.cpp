#include "turns.hpp"

#include <stdexcept>
#include <thread>

#include "figures.hpp"

namespace hil::bench {

void load_workflow(Client& client, int agents) {
    std::string nodes, edges, before;
    for (int number = 1; number <= agents; ++number) {
        const std::string id = "answer_" + std::to_string(number);
        nodes += R"({"id": ")" + id + R"(", "agent": "reasoning_support_agent"}, )";
        if (!before.empty()) edges += R"({"from": ")" + before + R"(", "to": ")" + id + R"("}, )";
        before = id;
    }
    client.run("SELECT hil_load_workflow($1)",
               {R"({"name": "support", "workflow": {"nodes": [)" + nodes +
                R"({"id": "FINISH", "type": "sink", "action": "finish_conversation"}], "edges": [)" + edges +
                R"({"from": ")" + before + R"(", "to": "FINISH"}]}})"});
}

void send_messages(Client& client, Supply& supply, int count) {
    for (int sent = 0; sent < count;) {
        std::vector<Statement> messages;
        for (; sent < count && messages.size() < 100; ++sent)
            messages.push_back({"SELECT hil_handle_message($1, $2)", {supply.next(), message_text}});
        client.pipeline(messages);
    }
}

void await_runs(Client& client) {
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    while (client.one("SELECT EXISTS (SELECT FROM hil.runs WHERE status IN ('queued', 'running'))") == "t") {
        if (Clock::now() > deadline) throw std::runtime_error("the workers do not come to an end");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

double ratio(const std::vector<double>& ours, const std::vector<double>& theirs) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) ratios.push_back(ours[round] / theirs[round]);
    return median(std::move(ratios));
}

}  // namespace hil::bench
