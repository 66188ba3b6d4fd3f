// A transaction is held open, as a dump does, while 100,000 entries come and go: every row that was deleted
// or replaced meanwhile is still there for it.
#include <memory>
#include <thread>

#include "events.hpp"
#include "figures.hpp"
#include "ours.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

const std::string database = "snapshot";
constexpr int entries = 100'000;
constexpr std::size_t at_once = 100;

// What is measured before, during and after.
struct Latencies {
    double position;
    double relay;
    double take;
};

// From the event in a hand-over's transaction to the listener.
double relay_latency(Client& client, std::vector<std::string>& supply) {
    Client listener(database);
    listener.execute("LISTEN hil_queue");
    std::vector<double> ages;
    for (int number = 0; number < 50; ++number) {
        const std::string id = supply.back();
        supply.pop_back();
        client.run("SELECT hil_handover($1, 'asked for a human', '{l0,t19}')", {id});
        ages.push_back(age(next(listener)));
        client.run("SELECT hil_cancel($1)", {id});
    }
    return median(std::move(ages));
}

Latencies measure(Client& client, std::vector<std::string>& supply) {
    const double relay = relay_latency(client, supply);
    const std::vector<Outcome> all = take_turns({our_position(database), our_take(database)},
                                                {.rounds = 3, .length = std::chrono::milliseconds(300)});
    return {all[0].p50(), relay, all[1].p50()};
}

// Entries for which nobody has the skills come, and their customers give up.
void come_and_go(const std::vector<std::string>& ids) {
    Client client(database);
    for (std::size_t begin = 0; begin < ids.size(); begin += at_once) {
        std::string some = "{";
        for (std::size_t at = begin; at < begin + at_once && at < ids.size(); ++at)
            some += (at == begin ? "" : ",") + ids[at];
        some += "}";
        client.run(
            "SELECT count(hil_handover(id, 'asked for a human', '{l0,t19}')) FROM unnest($1::uuid[]) id",
            {some});
        client.run("SELECT count(hil_cancel(id)) FROM unnest($1::uuid[]) id", {some});
    }
}

}  // namespace

void snapshot(Report& report) {
    require_waiting(small_queue);
    copy_database(small_queue.database, database);
    run_file(database, "conversations.sql", {{"conversations", std::to_string(entries + 1000)}});
    run_file(database, "rest.sql");
    Client client(database);
    std::vector<std::string> ids = list(client, "SELECT id FROM hil.conversations WHERE status = 'new'");
    std::vector<std::string> supply(ids.end() - 1000, ids.end());
    ids.resize(entries);

    const Latencies before = measure(client, supply);
    Client holder(database);
    holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM hil.human_agents");
    {
        const auto half = ids.begin() + entries / 2;
        const std::jthread one([&] { come_and_go({ids.begin(), half}); });
        const std::jthread other([&] { come_and_go({half, ids.end()}); });
    }
    await_relay(client);
    const Latencies during = measure(client, supply);
    holder.execute("COMMIT");
    const Latencies after = measure(client, supply);

    const auto lines = [&](const char* what, double Latencies::*latency, const Goal& goal) {
        const std::string figure = std::string("held snapshot, 100,000 come and go: ") + what;
        report.line(figure + ", during", milliseconds(during.*latency), "before",
                    milliseconds(before.*latency), during.*latency / before.*latency, goal);
        report.line(figure + ", after", milliseconds(after.*latency), "before", milliseconds(before.*latency),
                    after.*latency / before.*latency, goal);
    };
    lines("position", &Latencies::position, at_most(4));
    lines("relay", &Latencies::relay, {});
    lines("take", &Latencies::take, {});
    require_all_well(client);
}

}  // namespace hil::bench
