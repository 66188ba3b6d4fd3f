// The rows of hil.runs, for runs.cpp, reports.cpp, failures.cpp and leases.cpp.
#pragma once

#include <optional>
#include <string>

#include "core/run_result.hpp"
#include "engine/conversations.hpp"

namespace hil::engine {

struct Run {
    Uuid conversation;
    std::int64_t id = 0;
    std::string workflow;
    std::int32_t revision = 0;
    std::string status;
    std::int32_t attempt = 0;
    std::int64_t input_through = 0;
    std::optional<std::string> worker;

    // What it came to so far, over all attempts. Whoever adds to a locked run saves it: save_totals, or what
    // ends or requeues it.
    std::int32_t steps = 0, calls = 0;
    std::int64_t input_tokens = 0, output_tokens = 0;
    std::string cost_usd = "0";

    void add(const StepUsage& used);
};

// A run's row as it is, unlocked: to learn its conversation, which is locked first. Of several conversations'
// runs with one id, which there are where a sequence was set back, the one that is running.
// Refusal(not_found), and Refusal(invalid_argument) where several are.
Run find_run(std::int64_t id);

// Whether the conversation has such a run, locked by whomever.
bool is_there(const Uuid& conversation, std::int64_t id);

// The same row, locked; the conversation's lock is held. Nothing where it was purged meanwhile.
std::optional<Run> lock_run(const Uuid& conversation, std::int64_t id);

// As lock_run, but nothing where somebody holds the row; for rounds, which hold much and must not wait.
std::optional<Run> try_lock_run(const Uuid& conversation, std::int64_t id);

// The id of the conversation's queued or running run.
std::optional<std::int64_t> live_run(const Uuid& conversation);

struct Ending {
    const char* status;  // succeeded, failed, cancelled
    std::optional<std::string> sink = std::nullopt;
    std::optional<pg::JsonText> result = std::nullopt;
    std::optional<std::string> error = std::nullopt;
};

// What all runs of a conversation cost, in US dollars.
std::string cost_of_runs(const Uuid& conversation);

// Writes the totals of a locked run that goes on.
void save_totals(const Run& run);

// Ends a locked run.
void end_run(const Run& run, const Ending& ending);

// Ends the conversation's live run, if there is one, as cancelled.
void cancel_live_run(const Uuid& conversation);

// Puts a locked run back: not claimed before `delay` has passed.
void requeue_run(const Run& run, const std::string& error, Duration delay);

}  // namespace hil::engine
