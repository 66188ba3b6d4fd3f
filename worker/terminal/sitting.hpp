// What both terminals are: somebody types, the database tells, and neither waits for the other.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "backoff.hpp"
#include "db/connection.hpp"
#include "terminal/input.hpp"
#include "terminal/page.hpp"

namespace hil::worker {

// Who sits there: the customer, or a human agent. Everything throws DatabaseError; where the connection is
// lost, the sitting goes on with another one.
class Seat {
  public:
    virtual ~Seat() = default;

    // There is a connection: the first one, or another after that was lost. It outlives what follows.
    virtual void connected(Connection& database) = 0;

    // Does what was typed. A line whose connection was lost before it was done comes again, with the same
    // `key`.
    virtual void obey(const std::string& line, const std::string& key) = 0;

    // Shows what is new, and says how soon to look again if nothing is heard.
    virtual std::chrono::milliseconds look() = 0;

    // At the end of the input: whether something is still to be shown.
    virtual bool expects_more() const { return false; }

    // The last thing that is done over a connection.
    virtual void leave() {}

    // What was not done where leave() was not; empty: nothing is missed.
    virtual std::string missed() const { return ""; }
};

class Sitting {
  public:
    // Of `url` see Connection.
    Sitting(std::string url, Seat& seat, Page& page, Input& input)
        : url_(std::move(url)), seat_(seat), page_(page), input_(input) {}

    // Until /quit, the end of the input, or a signal. Where the connection is lost it says so, and connects
    // anew until it can; what is typed meanwhile is kept, and done then. It rests and looks again also where
    // the database has an error that passes, as a lock that was not had in time. A signal leaves without a
    // database: throws std::runtime_error where something was left undone by that. Throws DatabaseError where
    // the first connection fails, and of errors that stay.
    void run();

  private:
    struct Typed {
        std::string line, key;
    };

    void connect();
    void complain(const DatabaseError& error);
    void talk();
    void take_lines();
    void obey_lines();
    bool rest(std::chrono::milliseconds delay);
    bool has_ended() const;
    void leave_without_database() const;

    const std::string url_;
    Seat& seat_;
    Page& page_;
    Input& input_;

    std::optional<Connection> database_;
    std::deque<Typed> typed_;  // and not yet done
    bool quit_ = false;
    bool has_looked_ = false;
    std::string complaint_;  // why nothing can be shown
    bool said_how_to_leave_ = false;
    Backoff backoff_{std::chrono::milliseconds(100), std::chrono::seconds(2)};  // somebody sits there
};

}  // namespace hil::worker
