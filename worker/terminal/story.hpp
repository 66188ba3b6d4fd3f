// What has happened in a conversation, in lines that people read. Pure: takes what hil_customer_view,
// hil_conversation and hil_run_steps return.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "terminal/page.hpp"

namespace hil::worker {

struct Line {
    Voice voice;
    std::string who;
    std::string text;
};

// A step, as a row of hil_run_steps.
struct StepRow {
    std::string node;
    Json output;
    Json usage;
    std::string verdict;  // "" where the run went on
    Json calls;           // of tools: a list
};

// What the step gave, cost and led to, and the calls of tools before it.
std::vector<Line> lines_of(const StepRow& step);

// The messages that are told already.
class MessagesTold {
  public:
    // The message with this id was typed here, so its writer does not need to be told.
    void typed(const Json& message_id);

    // Those of `messages`, in order, that are neither.
    std::vector<Json> news(const Json& messages);

  private:
    long long last_ = 0;
    std::vector<long long> typed_;
};

// Tells the customer what is new since it last looked; of what people and the AI say to each other it knows
// nothing.
class CustomerStory {
  public:
    // `view`: as hil_customer_view returns it.
    std::vector<Line> news(const Json& view);
    void typed(const Json& message_id) { messages_.typed(message_id); }

  private:
    MessagesTold messages_;
    std::string status_, agent_;
};

// Where a conversation that people have stands, for its customer: "" where they do not have it.
std::string place_of(const Json& view);

// Tells a human agent what is new in a conversation, with all that colleagues and the AI said of it.
class AgentStory {
  public:
    // `conversation`: as hil_conversation returns it.
    std::vector<Line> news(const Json& conversation);
    void typed(const Json& message_id) { messages_.typed(message_id); }

  private:
    void tell_messages(const Json& conversation, std::vector<Line>& lines);
    void tell_handovers(const Json& conversation, std::vector<Line>& lines);
    void tell_state(const Json& conversation, std::vector<Line>& lines);

    MessagesTold messages_;
    std::map<std::string, std::string> names_;  // of agents who had the conversation
    std::size_t handovers_ = 0;
    std::string status_;
};

}  // namespace hil::worker
