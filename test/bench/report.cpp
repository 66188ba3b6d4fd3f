#include "report.hpp"

#include <cstdio>

namespace hil::bench {
namespace {

std::string number(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

bool reached(double ratio, const Goal& goal) {
    return goal.kind == Goal::Kind::at_least ? ratio >= goal.bound : ratio <= goal.bound;
}

void print(const std::string& figure, const std::string& ours, const std::string& against,
           const std::string& theirs, const std::string& ratio, const std::string& goal,
           const std::string& verdict) {
    std::printf("%-58s %12s   %-28s %12s  %7s  %-7s %s\n", figure.c_str(), ours.c_str(), against.c_str(),
                theirs.c_str(), ratio.c_str(), goal.c_str(), verdict.c_str());
    std::fflush(stdout);
}

}  // namespace

void Report::heading() { print("figure", "ours", "baseline", "", "ratio", "goal", ""); }

void Report::line(const std::string& figure, const std::string& ours, const std::string& against,
                  const std::string& theirs, double ratio, const Goal& goal) {
    std::string bound;
    std::string verdict;
    if (goal.kind != Goal::Kind::none) {
        const bool met = reached(ratio, goal);
        ++goals_;
        met_ += met ? 1 : 0;
        bound = (goal.kind == Goal::Kind::at_least ? ">= " : "<= ") + number(goal.bound, 2);
        verdict = met ? "met" : "MISSED";
    }
    print(figure, ours, against, theirs, number(ratio, ratio < 100 ? 2 : 0), bound, verdict);
}

void Report::rates(const std::string& figure, const Outcome& ours, const std::string& against,
                   const Outcome& theirs, const Goal& goal) {
    line(figure, per_second(ours.rate()), against, per_second(theirs.rate()), ours.rate_against(theirs),
         goal);
}

void Report::afterwork(const Outcome& ours) {
    if (ours.settling() > 0.02)
        note("", number(100 * ours.settling(), 0) +
                     " % of our time the scheduler did what was left, and nobody else did anything");
}

void Report::latencies(const std::string& figure, const Outcome& ours, const std::string& against,
                       const Outcome& theirs, const Goal& goal) {
    line(figure, milliseconds(ours.p50()), against, milliseconds(theirs.p50()), ours.p50_against(theirs),
         goal);
}

void Report::note(const std::string& figure, const std::string& text) {
    std::printf("%-58s %s\n", figure.c_str(), text.c_str());
    std::fflush(stdout);
}

void Report::summary() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
    std::printf("%d of %d goals met; took %.0f s\n", met_, goals_, took.count());
}

std::string per_second(double rate) { return number(rate, rate < 100 ? 1 : 0) + "/s"; }

std::string percent(double part) { return number(part * 100, 3) + " %"; }

std::string milliseconds(double seconds) {
    const double value = seconds * 1000;
    return number(value, value < 1 ? 3 : value < 100 ? 2 : 0) + " ms";
}

}  // namespace hil::bench
