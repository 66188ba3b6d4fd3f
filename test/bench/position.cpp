// Q2: where in the queue is a conversation?
#include "figures.hpp"
#include "server.hpp"

namespace hil::bench {

void position(Report& report) {
    require_waiting(small_queue);
    require_waiting(big_queue);

    Client big(big_queue.database);
    Client small(small_queue.database);
    const char* some =
        "SELECT conversation_id FROM hil.agent_queue WHERE status = 'pending' AND random() < $1";
    const std::vector<std::string> in_big = list(big, some, {"0.02"});
    const std::vector<std::string> in_small = list(small, some, {"1"});
    const auto asking = [](const char* sql, const Queue& queue, const std::vector<std::string>& ids) {
        return Contestant{sql, queue.database,
                          [sql, &ids](Client& client, Dice& dice) { client.run(sql, {dice.one_of(ids)}); }};
    };
    const char* ours = "SELECT hil_queue_position($1)";
    const std::vector<Outcome> all = take_turns(
        {asking(ours, big_queue, in_big), asking(ours, small_queue, in_small),
         asking("SELECT status FROM hil.conversations WHERE id = $1", big_queue, in_big),
         asking("SELECT count(*) FROM hil.agent_queue q, hil.agent_queue own WHERE q.status = 'pending' AND "
                "own.conversation_id = $1 AND (q.priority, q.ticket) < (own.priority, own.ticket)",
                big_queue, in_big)},
        {.rounds = 7, .length = std::chrono::milliseconds(300)});
    report.latencies("Q2 position, 1,000,000 waiting", all[0], "look-up by key", all[2], at_most(2));
    report.latencies("Q2 position, 1,000,000 waiting", all[0], "1,000 waiting", all[1], at_most(1.3));
    report.latencies("Q2 position, 1,000,000 waiting", all[0], "count of those before", all[3], {});
}

}  // namespace hil::bench
