// Turns of the AI: what is needed to have workers take some.
#pragma once

#include <string>
#include <vector>

#include "contest.hpp"

namespace hil::bench {

// Makes it the workflow of conversations from now on. Its nodes are so many agents, one after the other, and
// a sink that finishes the conversation.
void load_workflow(Client& client, int agents);

// Messages of customers, each in a conversation of its own, each of which queues a run.
void send_messages(Client& client, Supply& supply, int count);

// Waits until no run is queued or running.
void await_runs(Client& client);

// The median of the rounds' ratios.
double ratio(const std::vector<double>& ours, const std::vector<double>& theirs);

}  // namespace hil::bench
