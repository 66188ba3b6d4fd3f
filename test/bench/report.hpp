// What was found, one line per figure, printed as soon as it is known.
#pragma once

#include <string>

#include "contest.hpp"

namespace hil::bench {

// ours / theirs must reach, or must not exceed, the bound.
struct Goal {
    enum class Kind { none, at_least, at_most } kind = Kind::none;
    double bound = 0;
};
inline Goal at_least(double bound) { return {Goal::Kind::at_least, bound}; }
inline Goal at_most(double bound) { return {Goal::Kind::at_most, bound}; }

class Report {
  public:
    void heading();

    // "ours" and "theirs" are written with their units; `against` says what theirs is.
    void line(const std::string& figure, const std::string& ours, const std::string& against,
              const std::string& theirs, double ratio, const Goal& goal);

    // Transactions per second against transactions per second, and latency against latency.
    void rates(const std::string& figure, const Outcome& ours, const std::string& against,
               const Outcome& theirs, const Goal& goal);
    void latencies(const std::string& figure, const Outcome& ours, const std::string& against,
                   const Outcome& theirs, const Goal& goal);

    // A rate that the scheduler cannot keep up with is no rate, so a turn lasts until it has; says how much
    // that was.
    void afterwork(const Outcome& ours);

    // A figure that has nothing to be compared with, or could not be measured.
    void note(const std::string& figure, const std::string& text);

    void summary();

  private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    int goals_ = 0;
    int met_ = 0;
};

std::string per_second(double rate);
std::string milliseconds(double seconds);
std::string percent(double part);

}  // namespace hil::bench
