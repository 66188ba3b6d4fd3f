// The figures, each of which makes the databases it needs, and what several of them need.
#pragma once

#include <string>

#include "contest.hpp"
#include "report.hpp"

namespace hil::bench {

void handover(Report& report);   // Q1
void position(Report& report);   // Q2
void take(Report& report);       // Q3
void find(Report& report);       // Q4
void events(Report& report);     // Q5, Q6
void message(Report& report);    // Q7
void history(Report& report);    // Q8
void idle(Report& report);       // Q9
void worker(Report& report);     // W1, W5
void pickup(Report& report);     // W2, W3
void in_flight(Report& report);  // W4
void peers(Report& report);      // job queues for Node beside it
void snapshot(Report& report);   // a transaction that is held open

// The customers' words.
inline const std::string message_text = "Where is my order? It was due on Monday.";

// How latencies are compared: one client, so that nothing waits for anything else.
inline constexpr Turns latency_turns{.clients = 1, .length = std::chrono::milliseconds(300)};

// The database in which work flows (sql/flow.sql), made anew.
inline const std::string flow_database = "flow";
void create_flow(int agents, int conversations);

// A database in which many wait (sql/waiting.sql).
struct Queue {
    const char* database;
    int entries;
};
inline constexpr Queue small_queue{"waiting_1000", 1000};
inline constexpr Queue big_queue{"waiting_1000000", 1'000'000};
inline const std::string history_database = "history";

// Makes it where it is not there yet.
void require_waiting(const Queue& queue);

// Some of those who wait, from all over the queue.
std::vector<std::string> waiting_ids(Client& client);

// Waits until the changes of what waits are counted, which is done now and then.
void await_folded(Client& client);

// Waits until every event has been relayed, where a scheduler does that. A turn of hil's ends with it, so
// that work which is put off counts.
void await_relay(Client& client);

// Throws where hil_doctor finds something wrong: fast and wrong is no figure.
void require_all_well(Client& client);

}  // namespace hil::bench
