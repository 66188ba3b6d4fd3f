#include "contest.hpp"

#include <algorithm>
#include <barrier>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace hil::bench {
namespace {

using Steady = std::chrono::steady_clock;

double seconds(Steady::duration span) { return std::chrono::duration<double>(span).count(); }

// A contestant's sessions, which stay open over all rounds.
class Team {
  public:
    Team(const Contestant& contestant, int size) : contestant_(contestant) {
        for (int number = 0; number < size; ++number) members_.emplace_back(contestant.database, number + 1);
    }

    Outcome::Turn turn(Steady::duration length) {
        if (contestant_.before) contestant_.before();
        for (Member& member : members_) member.latencies.clear();
        const Steady::time_point begin = Steady::now();
        work_until(begin + length);
        const Steady::time_point done = Steady::now();
        if (contestant_.settle) contestant_.settle();
        const Steady::time_point end = Steady::now();
        if (contestant_.after) contestant_.after();
        const double took = seconds(end - begin);
        std::vector<double> all;
        for (const Member& member : members_)
            all.insert(all.end(), member.latencies.begin(), member.latencies.end());
        return {static_cast<double>(all.size()) / took, median(all), seconds(end - done) / took};
    }

  private:
    struct Member {
        Member(const std::string& database, unsigned seed) : client(database), dice(seed) {}
        Client client;
        Dice dice;
        std::vector<double> latencies;
        std::exception_ptr failure;
    };

    void work_until(Steady::time_point end) {
        {
            std::vector<std::jthread> threads;
            threads.reserve(members_.size());
            for (Member& member : members_) threads.emplace_back([&] { work(member, end); });
        }
        for (const Member& member : members_)
            if (member.failure) std::rethrow_exception(member.failure);
    }

    void work(Member& member, Steady::time_point end) const {
        try {
            while (Steady::now() < end) {
                if (contestant_.group == 0) {
                    work_once(member);
                    continue;
                }
                contestant_.open(member.client, member.dice);
                for (int number = 0; number < contestant_.group; ++number) work_once(member);
                contestant_.close(member.client);
            }
        } catch (...) {
            member.failure = std::current_exception();
        }
    }

    void work_once(Member& member) const {
        const Steady::time_point before = Steady::now();
        contestant_.work(member.client, member.dice);
        member.latencies.push_back(seconds(Steady::now() - before));
    }

    const Contestant& contestant_;
    std::vector<Member> members_;
};

// The median of the ratios, round by round, of one measure.
double median_ratio(const std::vector<Outcome::Turn>& ours, const std::vector<Outcome::Turn>& theirs,
                    double Outcome::Turn::*measure) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round)
        ratios.push_back(ours[round].*measure / theirs[round].*measure);
    return median(ratios);
}

double median_of(const std::vector<Outcome::Turn>& turns, double Outcome::Turn::*measure) {
    std::vector<double> values;
    values.reserve(turns.size());
    for (const Outcome::Turn& turn : turns) values.push_back(turn.*measure);
    return median(values);
}

}  // namespace

const std::string& Supply::next() {
    const std::size_t index = used_++;
    if (index >= things_.size())
        throw std::runtime_error("all " + std::to_string(things_.size()) + " prepared rows are used up");
    return things_[index];
}

double median(std::vector<double> values) {
    if (values.empty()) throw std::logic_error("the median of nothing");
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double Outcome::rate() const { return median_of(turns_, &Turn::rate); }
double Outcome::p50() const { return median_of(turns_, &Turn::p50); }
double Outcome::settling() const { return median_of(turns_, &Turn::settling); }
double Outcome::rate_against(const Outcome& other) const {
    return median_ratio(turns_, other.turns_, &Turn::rate);
}
double Outcome::p50_against(const Outcome& other) const {
    return median_ratio(turns_, other.turns_, &Turn::p50);
}

std::vector<Outcome> take_turns(const std::vector<Contestant>& contestants, const Turns& turns) {
    std::vector<std::unique_ptr<Team>> teams;
    teams.reserve(contestants.size());
    for (const Contestant& contestant : contestants)
        teams.push_back(std::make_unique<Team>(contestant, turns.clients));
    for (const auto& team : teams) team->turn(turns.length / 2);
    std::vector<std::vector<Outcome::Turn>> measured(teams.size());
    for (int round = 0; round < turns.rounds; ++round) {
        for (std::size_t step = 0; step < teams.size(); ++step) {
            const std::size_t who = (round + step) % teams.size();
            measured[who].push_back(teams[who]->turn(turns.length));
        }
    }
    return {measured.begin(), measured.end()};
}

}  // namespace hil::bench
