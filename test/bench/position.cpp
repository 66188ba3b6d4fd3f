// Q2: where in the queue is a conversation?
#include <memory>

#include "figures.hpp"
#include "ours.hpp"

namespace hil::bench {

void position(Report& report) {
    require_waiting(small_queue);
    require_waiting(big_queue);
    const Contestant big = our_position(big_queue.database);
    // The same ids for all three.
    const auto asking = [&](const char* sql) {
        Client client(big_queue.database);
        const auto ids = std::make_shared<const std::vector<std::string>>(waiting_ids(client));
        return Contestant{.name = sql, .database = big_queue.database, .work = [=](Client& with, Dice& dice) {
                              with.run(sql, {dice.one_of(*ids)});
                          }};
    };
    const std::vector<Outcome> all = take_turns(
        {big, our_position(small_queue.database),
         asking("SELECT status FROM hil.conversations WHERE id = $1"),
         asking("SELECT count(*) FROM hil.agent_queue q, hil.agent_queue own WHERE q.status = 'pending' AND "
                "own.conversation_id = $1 AND (q.priority, q.ticket) < (own.priority, own.ticket)")},
        latency_turns);
    report.latencies("Q2 position, 1,000,000 waiting", all[0], "look-up by key", all[2], at_most(2));
    report.latencies("Q2 position, 1,000,000 waiting", all[0], "1,000 waiting", all[1], at_most(1.3));
    report.latencies("Q2 position, 1,000,000 waiting", all[0], "count of those before", all[3], {});
}

}  // namespace hil::bench
