// What the worker tells the database about its runs.
#pragma once

#include <cstdint>
#include <string>

#include "async.hpp"
#include "core/json.hpp"

namespace hil::worker {

// `body`: what hil_report_runs takes about one run: calls, steps, and at most one of result, handover,
// failure and postponed.
struct Report {
    std::int64_t run_id = 0;
    int attempt = 0;
    std::string conversation_id;
    Json body;
};

struct Answer {
    enum class Action { proceed, handover, stop, done, refused };
    Action action = Action::stop;
    std::string trigger;   // of a handover
    std::string reason;    // of a handover or a refusal, or why the run is over; of what is done, the status
    std::string sqlstate;  // of what was refused
};

class Reports {
  public:
    virtual ~Reports() = default;

    // Repeats the report until it got through, or the caller is cancelled. The fence makes repeating safe.
    virtual Task<Answer> send(Report report) = 0;
};

}  // namespace hil::worker
