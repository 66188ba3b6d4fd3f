// Q3: an agent has a slot and takes the first entry that matches.
#include <memory>

#include "figures.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

// Each transaction takes ten, and is rolled back, so that all contestants always find the same queue.
constexpr int takes = 10;

Contestant taking(const Queue& queue, const std::string& sql, const std::vector<Value>& more_values) {
    Client client(queue.database);
    const std::vector<std::string> agents = list(client, "SELECT id FROM hil.human_agents");
    struct Slots {
        Value agent;
        int capacity;
    };
    const auto slots = std::make_shared<Slots>();
    Contestant contestant{sql, queue.database, [=](Client& with, Dice&) {
                              std::vector<Value> values = {slots->agent, std::to_string(++slots->capacity)};
                              values.insert(values.end(), more_values.begin(), more_values.end());
                              if (with.one(sql, values).empty())
                                  throw std::runtime_error("nothing was taken");
                          }};
    contestant.group = takes;
    contestant.open = [=](Client& with, Dice& dice) {
        *slots = {dice.one_of(agents), 0};
        with.run("BEGIN");
    };
    contestant.close = [](Client& with) { with.run("ROLLBACK"); };
    return contestant;
}

}  // namespace

void take(Report& report) {
    require_waiting(small_queue);
    require_waiting(big_queue);
    Client big(big_queue.database);
    const std::string covered =
        big.one("SELECT array_agg(skill_set_id) FROM bench.sets WHERE skills && '{t0,t1}'");
    const char* ours = "SELECT hil_set_agent_capacity($1, $2) -> 'assigned' ->> 0";
    const std::vector<Outcome> all =
        take_turns({taking(big_queue, ours, {}), taking(small_queue, ours, {}),
                    taking(big_queue, "SELECT bench.take($1, $2, $3)", {covered})},
                   {.rounds = 7, .length = std::chrono::milliseconds(300)});
    report.latencies("Q3 freed agent takes, 1,000,000 waiting", all[0], "1,000 waiting", all[1],
                     at_most(1.3));
    report.latencies("Q3 freed agent takes, 1,000,000 waiting", all[0], "probes and writes in plpgsql",
                     all[2], at_most(1.5));
}

}  // namespace hil::bench
