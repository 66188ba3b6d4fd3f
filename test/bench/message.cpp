// Q7: a customer's message to the AI.
#include <memory>

#include "figures.hpp"
#include "ours.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

// The same rows without a lock, a trigger or a decision: message, state, run and the two events.
void plain(Client& client, const std::string& conversation) {
    client.pipeline(
        {{"INSERT INTO plain.messages (conversation_id, sender_type, content, metadata) "
          "VALUES ($1, 'user', $2, '{}')",
          {conversation, message_text}},
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
    run_file(flow_database, "plain.sql");
    run_file(flow_database, "rest.sql");

    Client client(flow_database);
    const auto supply = std::make_shared<Supply>(list(client, "SELECT id FROM plain.conversations"));
    const std::vector<Contestant> contestants = {
        our_message(flow_database),
        {.name = "plain", .database = flow_database, .work = [=](Client& with, Dice&) {
             plain(with, supply->next());
         }}};
    for (const int clients : {8, 32}) {
        const std::vector<Outcome> all = take_turns(contestants, {.clients = clients});
        report.rates("Q7 message to the AI, " + std::to_string(clients) + " clients", all[0],
                     "same rows, pipelined", all[1], at_least(0.8));
        report.afterwork(all[0]);
    }
    require_all_well(client);
}

}  // namespace hil::bench
