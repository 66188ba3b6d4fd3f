// Which reports go to the database together and which later, and what its answers mean. Pure: no connection,
// no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backoff.hpp"
#include "db/reports.hpp"

namespace hil::worker {

inline constexpr std::size_t max_batch_reports = 100;
inline constexpr std::size_t max_batch_bytes = 900'000;
// A larger or deeper one does not go by hil_report_runs, whose limits count for all of its argument.
inline constexpr std::size_t max_report_bytes = 524'288;
inline constexpr int max_report_depth = 58;

// A report on its way to the database.
struct WaitingReport {
    explicit WaitingReport(Report given);

    const Report report;
    const std::string text;  // as hil_report_runs takes it
    const bool in_parts;     // too large or too deep for that
    bool unwanted = false;   // nobody waits for the answer
    Backoff backoff;
    std::chrono::steady_clock::time_point not_before;  // of its next try
    std::optional<Answer> answer;
};
using WaitingReportPtr = std::shared_ptr<WaitingReport>;

// Reports that wait for a connection. Belongs to one thread.
class ReportQueue {
  public:
    using Clock = std::chrono::steady_clock;

    // `alone`: it has to go by itself, as one that may have to wait inside the database.
    void add(WaitingReportPtr report, bool alone);

    // Takes what goes together next, oldest first; empty: there is nothing.
    std::vector<WaitingReportPtr> take_together();
    // Takes the next of those that have to go by themselves and may go now; nullptr: there is none.
    WaitingReportPtr take_alone(Clock::time_point now);
    // When the first of the others may go; max(): there is none.
    Clock::time_point next_alone() const;

    bool has_some() const { return !together_.empty(); }

  private:
    std::deque<WaitingReportPtr> together_, alone_;
};

// The argument of hil_report_runs for these reports.
std::string argument_of(const std::vector<WaitingReportPtr>& reports);

// One of the answers of hil_report_runs, or the answer of one of the single functions. Nothing: the report
// has to go alone.
std::optional<Answer> answer_of(const Json& answer);

}  // namespace hil::worker
