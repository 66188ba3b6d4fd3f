// Which reports go to the database together, and what its answers mean. Pure: no connection, no clock.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
    std::optional<Answer> answer;
};
using WaitingReportPtr = std::shared_ptr<WaitingReport>;

// Reports that wait for a connection. Belongs to one thread.
class ReportQueue {
  public:
    // `alone`: it has to go by itself, as one that may have to wait inside the database.
    void add(WaitingReportPtr report, bool alone);

    // Takes what goes together next, oldest first; empty: there is nothing.
    std::vector<WaitingReportPtr> take_together();
    // Takes the next of those that have to go by themselves; nullptr: there is none.
    WaitingReportPtr take_alone();

    bool has_some() const { return !together_.empty(); }
    bool has_lone() const { return !alone_.empty(); }

  private:
    std::deque<WaitingReportPtr> together_, alone_;
};

// The argument of hil_report_runs for these reports.
std::string argument_of(const std::vector<WaitingReportPtr>& reports);

// One of the answers of hil_report_runs, or the answer of one of the single functions. Nothing: the report
// has to go alone.
std::optional<Answer> answer_of(const Json& answer);

}  // namespace hil::worker
