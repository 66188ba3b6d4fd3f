// What one session of the storm does: everything that a caller can do, at random.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "load.hpp"
#include "session.hpp"

namespace hil::test {

inline const std::vector<std::string> storm_skills = {"{}", "{billing}", "{technical}", "{billing,technical}",
                                                      "{returns}"};

// A new connection, as soon as the server takes one: it may be on its way up from a crash.
Session connect_again(const std::string& database);

// What came of the calls.
struct Tally {
    std::map<std::string, int> done, refused;                  // by kind of call
    int lost = 0;                                              // calls without an answer: the server crashed
    std::vector<std::string> unexpected;                       // errors that are nobody's right
    std::vector<std::pair<std::string, std::string>> written;  // conversation and text of committed messages

    void add(const Tally& other);
};

class Player {
  public:
    // The choices follow from the seed. `name` makes its messages unlike those of other players.
    Player(const std::string& database, unsigned seed, std::string name,
           const std::vector<std::string>& agents)
        : database_(database),
          session_(connect_again(database)),
          dice_(seed),
          name_(std::move(name)),
          agents_(agents) {}

    // One call, or one transaction of a few.
    void play();

    Tally tally;

  private:
    void transaction();
    void change();

    // One call by its name in the tally; false where it was refused.
    bool attempt(const std::string& name, const std::string& statement, const std::vector<Value>& values);
    void act(const std::string& name, const std::string& statement, const std::vector<Value>& values);
    // The same with the columns of one chosen row as first values, where there is one.
    void with(const std::string& name, const std::string& choose, const std::string& statement,
              const std::vector<Value>& more = {});
    void with_assigned(const std::string& name, const std::string& statement,
                       const std::vector<Value>& more = {});
    void with_waiting(const std::string& name, const std::string& statement);
    void with_any(const std::string& name, const std::string& statement);
    std::string any_conversation();

    void begin();
    void message(const std::string& conversation, const std::string& start);
    void reply();
    void transfer();
    void back_to_ai();
    void change_agent();
    void let_time_pass();
    void ask();

    const std::string database_;
    Session session_;
    Dice dice_;
    const std::string name_;
    const std::vector<std::string>& agents_;
    bool old_snapshot_ = false;  // in a transaction whose snapshot is older than the call
    bool failed_ = false;        // in a transaction that can only be rolled back
    int texts_ = 0;
    std::vector<std::pair<std::string, std::string>> uncommitted_;
};

}  // namespace hil::test
