#include "db/report_batch.hpp"

#include <algorithm>

#include "db/protocol.hpp"

namespace hil::worker {
namespace {

bool deeper_than(const Json& value, int depth) {
    if (!value.is_structured()) return false;
    if (depth == 0) return true;
    for (const Json& item : value)
        if (deeper_than(item, depth - 1)) return true;
    return false;
}

std::string text_of_report(const Report& report) {
    Json item = report.body;
    item["run_id"] = report.run_id;
    item["attempt"] = report.attempt;
    item["conversation_id"] = report.conversation_id;
    return text_of(item);
}

}  // namespace

WaitingReport::WaitingReport(Report given)
    : report(std::move(given)),
      text(text_of_report(report)),
      in_parts(text.size() > max_report_bytes || deeper_than(report.body, max_report_depth)) {}

void ReportQueue::add(WaitingReportPtr report, bool alone) {
    (alone || report->in_parts ? alone_ : together_).push_back(std::move(report));
}

std::vector<WaitingReportPtr> ReportQueue::take_together() {
    std::vector<WaitingReportPtr> taken;
    std::size_t bytes = 0;
    while (!together_.empty() && taken.size() < max_batch_reports) {
        WaitingReportPtr& next = together_.front();
        if (!next->unwanted) {
            bytes += next->text.size();
            if (!taken.empty() && bytes > max_batch_bytes) break;
            taken.push_back(std::move(next));
        }
        together_.pop_front();
    }
    return taken;
}

WaitingReportPtr ReportQueue::take_alone(Clock::time_point now) {
    std::erase_if(alone_, [](const WaitingReportPtr& report) { return report->unwanted; });
    const auto next = std::find_if(alone_.begin(), alone_.end(), [now](const WaitingReportPtr& report) {
        return report->not_before <= now;
    });
    if (next == alone_.end()) return nullptr;
    WaitingReportPtr taken = std::move(*next);
    alone_.erase(next);
    return taken;
}

ReportQueue::Clock::time_point ReportQueue::next_alone() const {
    Clock::time_point next = Clock::time_point::max();
    for (const WaitingReportPtr& report : alone_) next = std::min(next, report->not_before);
    return next;
}

std::string argument_of(const std::vector<WaitingReportPtr>& reports) {
    std::string text = "[";
    for (const WaitingReportPtr& report : reports) {
        if (text.size() > 1) text += ',';
        text += report->text;
    }
    return text += ']';
}

std::optional<Answer> answer_of(const Json& answer) {
    // hil_complete_run and hil_fail_run accept or do not accept; an answer that says nothing is a stop.
    const bool accepted = answer.value("accepted", false);
    const std::string action = answer.value("action", accepted ? "done" : "stop");
    if (action == "alone") return std::nullopt;
    Answer read;
    read.reason = answer.value("reason", "");
    if (action == "continue") read.action = Answer::Action::proceed;
    if (action == "done") {
        read.action = Answer::Action::done;
        read.reason = answer.value("status", "");
    }
    if (action == "handover") {
        read.action = Answer::Action::handover;
        read.trigger = answer.value("trigger", "");
    }
    if (action == "refused") {
        read.action = Answer::Action::refused;
        read.sqlstate = answer.value("sqlstate", "");
        read.reason = answer.value("message", "");
    }
    return read;
}

}  // namespace hil::worker
