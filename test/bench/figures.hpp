// The figures, each of which makes the databases it needs, and what several of them need.
#pragma once

#include <string>

#include "contest.hpp"
#include "report.hpp"

namespace hil::bench {

void handover(Report& report);  // Q1
void message(Report& report);   // Q7

// The database in which work flows (sql/flow.sql), made anew.
inline const std::string flow_database = "flow";
void create_flow(int agents, int conversations);

// Waits until every event has been relayed, where a scheduler does that. A turn of hil's ends with it, so
// that work which is put off counts.
void await_relay(Client& client);

// Throws where hil_doctor finds something wrong: fast and wrong is no figure.
void require_all_well(Client& client);

}  // namespace hil::bench
