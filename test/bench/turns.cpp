#include "turns.hpp"

#include <stdexcept>
#include <thread>

#include "figures.hpp"

namespace hil::bench {

void load_workflow(Client& client, int agents) {
    std::string nodes, edges;
    const auto edge = [&](const std::string& from, const std::string& to) {
        edges.append(edges.empty() ? "" : ", ");
        edges.append(R"({"from": ")").append(from).append(R"(", "to": ")").append(to).append(R"("})");
    };
    for (int number = 1; number <= agents; ++number) {
        const std::string id = "answer_" + std::to_string(number);
        nodes.append(R"({"id": ")").append(id).append(R"(", "agent": "reasoning_support_agent"}, )");
        edge(id, number == agents ? "FINISH" : "answer_" + std::to_string(number + 1));
    }
    client.run("SELECT hil_load_workflow($1)",
               {R"({"name": "support", "workflow": {"nodes": [)" + nodes +
                R"({"id": "FINISH", "type": "sink", "action": "finish_conversation"}], "edges": [)" + edges +
                "]}}"});
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
    // By the index that has these runs alone: reading the table time and again would take what is measured.
    while (!client
                .one("SELECT created_at FROM hil.runs WHERE status IN ('queued', 'running') "
                     "ORDER BY created_at LIMIT 1")
                .empty()) {
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
