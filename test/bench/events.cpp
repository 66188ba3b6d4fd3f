// Q5 and Q6: what it costs that others listen, and how soon they hear.
#include "events.hpp"

#include <cmath>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

#include "figures.hpp"
#include "ours.hpp"
#include "scheduler.hpp"
#include "server.hpp"

namespace hil::bench {
namespace {

// Since midnight, of a timestamp like 2026-01-01T12:34:56.789012+00:00; the server's zone is UTC.
double seconds_of_day(const std::string& timestamp) {
    return std::stod(timestamp.substr(11, 2)) * 3600 + std::stod(timestamp.substr(14, 2)) * 60 +
           std::strtod(timestamp.c_str() + 17, nullptr);
}

double seconds_of_day(Clock::time_point moment) {
    const double since_1970 = std::chrono::duration<double>(moment.time_since_epoch()).count();
    return std::fmod(since_1970, 86'400);
}

}  // namespace

double age(const Notification& notification) {
    static const std::string key = "\"timestamp\":";
    const std::size_t at = notification.payload.find(key);
    if (at == std::string::npos) throw std::runtime_error("no timestamp: " + notification.payload);
    const std::size_t begin = notification.payload.find('"', at + key.size()) + 1;
    return seconds_of_day(notification.received) - seconds_of_day(notification.payload.substr(begin, 26));
}

bool is_hint(const Notification& notification) {
    return notification.payload.find("run_due") != std::string::npos;
}

Listener::Listener(const std::string& database, const std::vector<std::string>& channels)
    : thread_([this, database, channels](const std::stop_token& stop) {
          Client client(database);
          for (const std::string& channel : channels) client.execute("LISTEN " + channel);
          ready_ = true;
          while (!stop.stop_requested()) {
              const auto heard = client.next_notification(Clock::now() + std::chrono::milliseconds(50));
              if (!heard || is_hint(*heard)) continue;
              const std::lock_guard lock(mutex_);
              if (heard->payload.find("timestamp") != std::string::npos) ages_.push_back(age(*heard));
          }
      }) {
    while (!ready_) std::this_thread::yield();
}

std::vector<double> Listener::take_ages() {
    const std::lock_guard lock(mutex_);
    return std::exchange(ages_, {});
}

namespace {

// Two workers, who listen for runs, and four gateways, who follow all events.
constexpr int workers = 2;
constexpr int gateways = 4;

// What a contestant's listeners heard during its turns, turn by turn.
struct Heard {
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<double> medians;

    Heard(const char* runs, const char* all) {
        for (int number = 0; number < workers; ++number)
            listeners.push_back(std::make_unique<Listener>(flow_database, std::vector<std::string>{runs}));
        for (int number = 0; number < gateways; ++number)
            listeners.push_back(std::make_unique<Listener>(flow_database, std::vector<std::string>{all}));
    }

    void end_turn() {
        std::vector<double> ages = listeners[0]->take_ages();
        if (!ages.empty()) medians.push_back(median(std::move(ages)));
    }
};

// The same call, and its two notifications sent by the transaction itself.
void with_notify(Client& client, const std::string& conversation) {
    static const std::string payload =
        "SELECT pg_notify($1, jsonb_build_object('type', $2::text, 'conversation_id', $3::uuid, "
        "'message_id', 123456, "
        "'timestamp', to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US'))::text)";
    client.pipeline({{"SELECT hil_handle_message($1, $2)", {conversation, message_text}},
                     {payload, {"bench_events", "message", conversation}},
                     {payload, {"bench_runs", "run_queued", conversation}}});
}

void measure_idle(Report& report) {
    Client client(flow_database);
    Client listener(flow_database);
    listener.execute("LISTEN hil_runs");
    const std::vector<std::string> ids =
        list(client, "SELECT id FROM hil.conversations WHERE status = 'new' LIMIT 200");
    std::vector<double> ages;
    for (const std::string& id : ids) {
        client.run("SELECT hil_handle_message($1, $2)", {id, message_text});
        Notification heard = next(listener);
        while (is_hint(heard)) heard = next(listener);
        ages.push_back(age(heard));
    }
    report.line("Q6 event to listener, idle", milliseconds(median(ages)), "", "3 ms", median(ages) / 0.003,
                at_most(1));
}

}  // namespace

Notification next(Client& listener) {
    auto heard = listener.next_notification(Clock::now() + std::chrono::seconds(10));
    if (!heard) throw std::runtime_error("nothing was heard within ten seconds");
    return *heard;
}

void events(Report& report) {
    create_flow(100, 300'000);
    run_file(flow_database, "rest.sql");
    Client client(flow_database);
    if (!has_scheduler(client)) return report.note("Q5, Q6", "no scheduler runs");
    {
        Heard ours("hil_runs", "hil_events");
        Heard theirs("bench_runs", "bench_events");
        PausedScheduler scheduler(flow_database);

        Contestant relayed = our_message(flow_database);
        relayed.after = [&] { ours.end_turn(); };
        Contestant alone = our_message(flow_database);
        alone.settle = {};
        alone.before = [&] { scheduler.pause(); };
        alone.after = [&] {
            scheduler.resume();
            await_relay(client);
            ours.listeners[0]->take_ages();
        };
        Contestant notifying = alone;
        const auto supply = std::make_shared<Supply>(
            list(client, "SELECT id FROM hil.conversations WHERE status = 'new' ORDER BY id DESC"));
        notifying.work = [=](Client& with, Dice&) { with_notify(with, supply->next()); };
        notifying.after = [&] {
            theirs.end_turn();
            scheduler.resume();
            await_relay(client);
            ours.listeners[0]->take_ages();
        };
        const std::vector<Outcome> all = take_turns({relayed, alone, notifying}, {.clients = 32});
        report.rates("Q5 message, 6 listeners, 32 clients", all[0], "no listener, no relay", all[1],
                     at_least(0.85));
        report.rates("Q5 message, 6 listeners, 32 clients", all[0], "NOTIFY in the transaction", all[2], {});
        report.afterwork(all[0]);
        const double relay = median(ours.medians);
        const double notify = median(theirs.medians);
        report.line("Q6 event to listener, under that load", milliseconds(relay), "NOTIFY in the transaction",
                    milliseconds(notify), relay / notify, at_most(1));
    }
    measure_idle(report);
    require_all_well(client);
}

}  // namespace hil::bench
