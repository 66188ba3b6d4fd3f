// `hil-worker desk`: the terminal of a human agent.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "terminal/page.hpp"
#include "terminal/sitting.hpp"
#include "terminal/story.hpp"

namespace hil::worker {

class Desk : public Seat {
  public:
    Desk(std::string email, Page& page) : email_(std::move(email)), page_(page) {}

    // Throws DatabaseError where there is no such agent.
    void connected(Connection& database) override;
    void obey(const std::string& line, const std::string& key) override;
    std::chrono::milliseconds look() override;
    // The agent is offline then.
    void leave() override;
    std::string missed() const override;

  private:
    struct Entry {
        std::string conversation;
        AgentStory story;
        bool is_mine = false;
        std::string last_message;
    };

    void set_status(const std::string& status);
    void beat();
    void list();
    void show_open();
    void open_named(const std::string& number);
    void open(std::size_t number);
    void offer(std::size_t number);
    void reply(const std::string& text, const std::string& key);
    void act(const std::string& command, const std::string& text);
    std::size_t number_of(const std::string& conversation);
    const std::string& opened();

    const std::string email_;
    Page& page_;
    Connection* database_ = nullptr;

    std::string id_;
    std::string status_ = "online";  // what the agent wants it to be
    std::vector<Entry> entries_;     // numbered from 1, as long as the desk is open
    // Numbers; 0: none. Only /open changes what is open from one to another: whoever is in the midst of a
    // line when something comes or goes must not have it sent to somebody else. One that is refused leaves
    // none open.
    std::size_t open_ = 0;
    std::size_t offered_ = 0;  // what was named while none is open
    bool has_looked_ = false;
    std::chrono::steady_clock::time_point last_beat_{};
};

}  // namespace hil::worker
