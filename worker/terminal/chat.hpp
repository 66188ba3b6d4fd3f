// `hil-worker chat`: a conversation in a terminal, as the customer.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "core/json.hpp"
#include "terminal/page.hpp"
#include "terminal/sitting.hpp"
#include "terminal/story.hpp"

namespace hil::worker {

struct ChatOptions {
    std::optional<std::string> conversation;  // goes on with it; nothing: a new one
    std::optional<std::string> workflow;      // of a new one
};

class Chat : public Seat {
  public:
    Chat(ChatOptions options, Page& page) : options_(std::move(options)), page_(page) {}

    void connected(Connection& database) override;
    void obey(const std::string& line, const std::string& key) override;
    std::chrono::milliseconds look() override;
    // What the AI is doing is waited for.
    bool expects_more() const override { return ai_is_busy_; }

  private:
    void begin(const std::optional<std::string>& id);
    void listen();
    Json view(const char* last_messages);
    void ask_for_human();
    void send(const std::string& text, const std::string& key);
    void rate(const std::string& number);
    void tell_steps();
    void tell_waiting(const Json& run);

    const ChatOptions options_;
    Page& page_;
    Connection* database_ = nullptr;

    std::string id_;
    bool is_left_ = false;  // for a new one that could not be begun yet
    CustomerStory story_;
    std::optional<std::string> last_step_;  // when it was recorded
    bool steps_are_shown_ = true;
    bool ai_is_busy_ = false;
    Json waiting_run_;  // its id, while nobody has taken it
    std::chrono::steady_clock::time_point waiting_since_;
};

}  // namespace hil::worker
