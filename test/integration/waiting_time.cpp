// How good hil_estimated_wait is: a simulated help desk with known rates of arrival and service. The clock is
// simulated too: between two events the timestamps in the database are moved back by the time that passes.
#include <cmath>
#include <deque>
#include <map>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

// A group of agents with a skill of their own, and the customers who need it.
struct Group {
    std::string skill;
    int agents;
    double service_seconds;  // on average, of one conversation
    double load;             // arrivals, as a share of what the agents can do; above 1 the queue grows
};

struct Estimate {
    double at = 0;
    double seconds = 0;
};

class Simulation {
  public:
    Simulation(Session& sql, const std::vector<Group>& groups, unsigned seed)
        : sql_(sql), groups_(groups), random_(seed) {
        for (const Group& group : groups_) {
            for (int i = 0; i < group.agents; ++i) add_agent(group.skill, i);
            arrivals_.push_back(clock_ + draw(interval_between_arrivals(group)));
        }
    }

    // Lets so many events happen. Without arrivals only the agents go on.
    void run(int events, bool with_arrivals = true) {
        for (int i = 0; i < events; ++i) {
            const auto leaves = departures_.begin();
            const auto comes = std::min_element(arrivals_.begin(), arrivals_.end());
            if (leaves != departures_.end() && (!with_arrivals || leaves->first < *comes)) {
                advance(leaves->first);
                depart();
            } else if (with_arrivals) {
                advance(*comes);
                arrive(static_cast<std::size_t>(comes - arrivals_.begin()));
            } else {
                return;
            }
        }
    }

    // Nothing happens for a while.
    void pause(double seconds) {
        advance(clock_ + seconds);
        for (double& arrival : arrivals_) arrival = std::max(arrival, clock_);
    }

    struct Errors {
        int estimates = 0;
        double mean_wait = 0;   // what they waited
        double bias = 0;        // mean estimate / mean wait
        double mean_error = 0;  // mean |estimate - wait| / mean wait
    };
    Errors errors(const std::string& skill) const {
        double estimated = 0, waited = 0, off = 0;
        const auto& of_skill = finished_.at(skill);
        for (const auto& [estimate, wait] : of_skill) {
            estimated += estimate;
            waited += wait;
            off += std::abs(estimate - wait);
        }
        const auto n = static_cast<double>(of_skill.size());
        return {static_cast<int>(of_skill.size()), waited / n, estimated / waited, off / waited};
    }

    void forget() { finished_.clear(); }

  private:
    double draw(double mean) { return std::exponential_distribution<double>(1 / mean)(random_); }

    static double interval_between_arrivals(const Group& group) {
        return group.service_seconds / group.agents / group.load;
    }

    void add_agent(const std::string& skill, int number) {
        const std::string name = skill + " " + std::to_string(number);
        const std::string id = sql_.one("SELECT hil_add_agent($1, $1, ARRAY[$2], 1)", {name, skill});
        sql_.query("SELECT hil_set_agent_status($1, 'online')", {id});
    }

    // What the database measures is moved back by what passes.
    void advance(double to) {
        const std::string span = std::to_string(to - clock_);
        clock_ = to;
        sql_.query(
            "UPDATE hil.conversations SET status_since = status_since - make_interval(secs => $1) WHERE "
            "status = 'pending_human'",
            {span});
        sql_.query("UPDATE hil.queue_count_deltas SET taken_at = taken_at - make_interval(secs => $1)",
                   {span});
        sql_.query("UPDATE hil.skill_set_paces SET taken_at = taken_at - make_interval(secs => $1)", {span});
    }

    void arrive(std::size_t number) {
        const Group& group = groups_[number];
        arrivals_[number] = clock_ + draw(interval_between_arrivals(group));
        const std::string id =
            sql_.one("SELECT hil_create_conversation(metadata => jsonb_build_object('skill', $1::text))",
                     {group.skill});
        const Json answer = sql_.json("SELECT hil_handover($1, 'simulated', ARRAY[$2])", {id, group.skill});
        if (answer["status"] == "human_active") return begin_service(id, answer["agent_id"]);
        const std::string seconds = sql_.one("SELECT extract(epoch FROM hil_estimated_wait($1))", {id});
        if (!seconds.empty()) waiting_[id] = {clock_, std::stod(seconds)};
    }

    void begin_service(const std::string& conversation, const std::string& agent) {
        const std::string skill =
            sql_.one("SELECT metadata ->> 'skill' FROM hil.conversations WHERE id = $1", {conversation});
        for (const Group& group : groups_)
            if (group.skill == skill)
                departures_.emplace(clock_ + draw(group.service_seconds), Busy{conversation, agent});
        if (const auto found = waiting_.find(conversation); found != waiting_.end()) {
            finished_[skill].emplace_back(found->second.seconds, clock_ - found->second.at);
            waiting_.erase(found);
        }
    }

    void depart() {
        const Busy busy = departures_.begin()->second;
        departures_.erase(departures_.begin());
        const Json answer = sql_.json("SELECT hil_resolve($1, 'done', $2)", {busy.conversation, busy.agent});
        for (const Json& next : answer["assigned"]) begin_service(next, busy.agent);
        sql_.query("SELECT hil_tick()");
    }

    struct Busy {
        std::string conversation, agent;
    };
    Session& sql_;
    const std::vector<Group> groups_;
    std::mt19937 random_;
    double clock_ = 0;
    std::vector<double> arrivals_;             // the next, by group
    std::multimap<double, Busy> departures_;   // whom agents have, by when they will be done
    std::map<std::string, Estimate> waiting_;  // what they were told, by conversation
    std::map<std::string, std::vector<std::pair<double, double>>> finished_;  // estimate and wait, by skill
};

class WaitingTime : public LiveTest {
  protected:
    void expect_good(const Simulation& simulation, const std::string& skill) {
        const auto e = simulation.errors(skill);
        std::cout << skill << ": " << e.estimates << " estimates, mean wait " << std::lround(e.mean_wait)
                  << " s, estimate/wait " << e.bias << ", mean error " << std::lround(100 * e.mean_error)
                  << " % of the mean wait\n";
        EXPECT_GE(e.estimates, 40) << "too few to tell";
        EXPECT_GT(e.bias, 0.75);
        EXPECT_LT(e.bias, 1.33);
        EXPECT_LT(e.mean_error, 0.5);
    }
};

// Two groups in one queue, one of them three times as fast; both have somewhat more to do than they can.
TEST_F(WaitingTime, EachSkillHasItsOwnPace) {
    Simulation simulation(sql(), {{"billing", 2, 120, 1.1}, {"technical", 3, 600, 1.1}}, 1);
    simulation.run(250);
    simulation.forget();
    simulation.run(600);
    expect_good(simulation, "billing");
    expect_good(simulation, "technical");
}

// The queue runs empty, and nobody comes for half a day: what is said in the morning is as good as before.
TEST_F(WaitingTime, ANightWithoutAQueueDoesNotCount) {
    Simulation simulation(sql(), {{"billing", 3, 180, 1.15}}, 2);
    simulation.run(250);
    simulation.run(1000, false);
    simulation.pause(12 * 3600);
    simulation.forget();
    simulation.run(250);
    expect_good(simulation, "billing");
}

}  // namespace
}  // namespace hil::test
