// Q4: a new entry finds its agent.
#include <memory>

#include "figures.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

// Ten hand-overs in a transaction, whose commit is not measured: waiting for the disk would hide the
// difference.
constexpr int handovers = 10;

Contestant finding(const std::string& database, const char* skill, const std::shared_ptr<Supply>& supply) {
    Contestant contestant{skill, database, [=](Client& client, Dice&) {
                              const std::string agent = client.one(
                                  "SELECT hil_handover($1, 'asked for a human', ARRAY[$2]) ->> 'agent_id'",
                                  {supply->next(), skill});
                              if (agent.empty()) throw std::runtime_error("no agent was found");
                          }};
    contestant.group = handovers;
    contestant.open = [](Client& client, Dice&) { client.run("BEGIN"); };
    contestant.close = [](Client& client) { client.run("COMMIT"); };
    return contestant;
}

std::shared_ptr<Supply> create_agents(const std::string& database, int agents) {
    create_database(database);
    run_file(database, "agents.sql", {{"agents", std::to_string(agents)}, {"conversations", "60000"}});
    run_file(database, "rest.sql");
    Client client(database);
    return std::make_shared<Supply>(list(client, "SELECT id FROM hil.conversations"));
}

}  // namespace

void find(Report& report) {
    const std::string few = "agents_100";
    const std::string many = "agents_10000";
    const std::shared_ptr<Supply> with_few = create_agents(few, 100);
    const std::shared_ptr<Supply> with_many = create_agents(many, 10'000);
    const std::vector<Outcome> all =
        take_turns({finding(many, "common", with_many), finding(few, "common", with_few),
                    finding(many, "rare", with_many), finding(few, "rare", with_few)},
                   latency_turns);
    report.latencies("Q4 agent found among 10,000, common skill", all[0], "among 100", all[1], at_most(1.5));
    report.latencies("Q4 agent found among 10,000, rare skill", all[2], "among 100", all[3], at_most(1.5));
}

}  // namespace hil::bench
