// Contestants that take turns: the machine is shared and its speed drifts, so each round measures all of them
// within a second or two, and what counts is the median of the rounds' ratios.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "client.hpp"

namespace hil::bench {

// Random choices of one client.
class Dice {
  public:
    explicit Dice(unsigned seed) : random_(seed) {}
    std::size_t below(std::size_t limit) { return random_() % limit; }
    const std::string& one_of(const std::vector<std::string>& choices) {
        return choices[below(choices.size())];
    }

  private:
    std::minstd_rand random_;
};

// Things that can be used once each, handed out to whoever asks; safe from any thread.
class Supply {
  public:
    explicit Supply(std::vector<std::string> things) : things_(std::move(things)) {}

    // Throws where all are used: the database is too small for this machine.
    const std::string& next();

  private:
    std::vector<std::string> things_;
    std::atomic<std::size_t> used_ = 0;
};

struct Contestant {
    std::string name;
    std::string database;
    // One transaction, or whatever it is whose rate and latency is measured.
    std::function<void(Client&, Dice&)> work;
    // Where `group` is more than 0, so many works are done between open and close, which are not measured.
    int group = 0;
    std::function<void(Client&, Dice&)> open = {};
    std::function<void(Client&)> close = {};
    // Waits until nothing is left to be done of what the turn has caused; belongs to the turn. May be empty.
    std::function<void()> settle = {};
    // Before and after each turn; not measured. May be empty.
    std::function<void()> before = {};
    std::function<void()> after = {};
};

struct Turns {
    int clients = 1;
    int rounds = 5;
    std::chrono::milliseconds length{500};
};

class Outcome {
  public:
    struct Turn {
        double rate;      // per second
        double p50;       // seconds
        double settling;  // the part of the turn's time that it took to settle
    };

    explicit Outcome(std::vector<Turn> turns) : turns_(std::move(turns)) {}

    double rate() const;
    double p50() const;
    double settling() const;

    // The median of the rounds' ratios.
    double rate_against(const Outcome& other) const;
    double p50_against(const Outcome& other) const;

  private:
    std::vector<Turn> turns_;
};

double median(std::vector<double> values);

// In the order of `contestants`. A first round, in which sessions fill their caches, does not count. The
// sessions stay open from round to round, and who begins changes from round to round.
std::vector<Outcome> take_turns(const std::vector<Contestant>& contestants, const Turns& turns);

}  // namespace hil::bench
