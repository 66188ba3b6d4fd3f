// `hil-worker chat`: a conversation in a terminal, as the customer.
#pragma once

#include <optional>
#include <string>

#include "db/connection.hpp"
#include "terminal/input.hpp"
#include "terminal/page.hpp"
#include "terminal/story.hpp"

namespace hil::worker {

struct ChatOptions {
    std::optional<std::string> conversation;  // goes on with it; nothing: a new one
    std::optional<std::string> workflow;      // of a new one
};

class Chat {
  public:
    Chat(Connection& database, const ChatOptions& options, Page& page, Input& input)
        : database_(database), options_(options), page_(page), input_(input) {}

    // Until /quit, or the end of the input: then what the AI is doing is waited for. Throws DatabaseError
    // where the connection is lost.
    void run();

  private:
    void begin(const std::optional<std::string>& id);
    void obey(const std::string& line);
    void send(const std::string& text);
    void rate(const std::string& number);
    void look();
    void tell_steps();

    Connection& database_;
    const ChatOptions& options_;
    Page& page_;
    Input& input_;

    std::string id_;
    Story story_{Story::Reader::customer};
    std::optional<std::string> last_step_;  // when it was recorded
    bool steps_are_shown_ = true;
    bool ai_is_busy_ = false;
    bool quit_ = false;
};

}  // namespace hil::worker
