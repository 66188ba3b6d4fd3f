// `hil-worker desk`: the terminal of a human agent.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "db/connection.hpp"
#include "terminal/input.hpp"
#include "terminal/page.hpp"
#include "terminal/story.hpp"

namespace hil::worker {

class Desk {
  public:
    Desk(Connection& database, std::string email, Page& page, Input& input)
        : database_(database), email_(std::move(email)), page_(page), input_(input) {}

    // Until /quit or the end of the input; then the agent is offline. Throws DatabaseError where there is no
    // such agent, or the connection is lost.
    void run();

  private:
    struct Entry {
        std::string conversation;
        Story story{Story::Reader::agent};
        bool is_mine = false;
        std::string last_message;
    };

    void set_status(const std::string& status);
    void beat();
    void look();
    void list();
    void show_open();
    void open(std::size_t number);
    void obey(const std::string& line);
    void reply(const std::string& text);
    void act(const std::string& command, const std::string& text);
    void leave();
    std::size_t number_of(const std::string& conversation);
    const std::string& opened();

    Connection& database_;
    const std::string email_;
    Page& page_;
    Input& input_;

    std::string id_;
    std::vector<Entry> entries_;  // numbered from 1, as long as the desk is open
    std::size_t open_ = 0;        // 0: none
    std::chrono::steady_clock::time_point last_beat_{};
    bool quit_ = false;
};

}  // namespace hil::worker
