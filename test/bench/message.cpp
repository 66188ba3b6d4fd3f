// Q7: a customer's message to the AI.
#include <memory>

#include "figures.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

const Value text = "Where is my order? It was due on Monday.";

void by_hil(Client& client, const std::string& conversation) {
    client.run("SELECT hil_handle_message($1, $2)", {conversation, text});
}

// The same rows without a lock, a trigger or a decision: message, state, run and the two events.
void plain(Client& client, const std::string& conversation) {
    client.pipeline(
        {{"INSERT INTO plain.messages (conversation_id, sender_type, content, metadata) "
          "VALUES ($1, 'user', $2, '{}')",
          {conversation, text}},
         {"INSERT INTO plain.outbox (conversation_id, type, payload) VALUES ($1, 'message', $2)",
          {conversation,
           R"({"type":"message","conversation_id":")" + conversation +
               R"(","message_id":123456,"sender_type":"user","timestamp":"2026-01-01T12:00:00.000000Z"})"}},
         {"INSERT INTO plain.runs (conversation_id, workflow, revision) VALUES ($1, 'support', 1)",
          {conversation}},
         {"INSERT INTO plain.outbox (conversation_id, type, payload) VALUES ($1, 'run_queued', $2)",
          {conversation, R"({"type":"run_queued","conversation_id":")" + conversation +
                             R"(","run_id":123456,"timestamp":"2026-01-01T12:00:00.000000Z"})"}},
         {"UPDATE plain.conversations SET status = 'ai_processing', workflow = 'support', "
          "status_since = clock_timestamp(), updated_at = clock_timestamp() WHERE id = $1",
          {conversation}}});
}

}  // namespace

void message(Report& report) {
    create_flow(100, 200'000);
    run_file(flow_database, "messages.sql");
    run_file(flow_database, "rest.sql");

    Client client(flow_database);
    const std::vector<std::string> conversations = list(client, "SELECT id FROM hil.conversations");
    const auto contestant = [&](const char* name, void (*way)(Client&, const std::string&)) {
        const auto supply = std::make_shared<Supply>(conversations);
        return Contestant{name, flow_database,
                          [way, supply](Client& with, Dice&) { way(with, supply->next()); }};
    };
    Contestant ours = contestant("hil", by_hil);
    ours.settle = [&client] { await_relay(client); };
    const std::vector<Contestant> contestants = {ours, contestant("plain", plain)};
    for (const int clients : {8, 32}) {
        const std::vector<Outcome> all = take_turns(contestants, {.clients = clients});
        report.rates("Q7 message to the AI, " + std::to_string(clients) + " clients", all[0],
                     "same rows, pipelined", all[1], at_least(0.8));
    }
    require_all_well(client);
}

}  // namespace hil::bench
