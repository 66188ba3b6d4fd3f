// What has happened in a conversation, in lines that people read. Pure: takes what hil_conversation and
// hil_run_steps return.
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

// Tells what is new in a conversation since it last looked.
class Story {
  public:
    // Whose words the reader wrote, and does not need to be told.
    enum class Reader { customer, agent };

    explicit Story(Reader reader) : reader_(reader) {}

    // `position` is the place in the queue, 0 where the conversation does not wait.
    std::vector<Line> news(const Json& conversation, long long position);

    // The message with this id was typed here.
    void typed(const Json& message_id);

  private:
    void tell_messages(const Json& conversation, std::vector<Line>& lines);
    void tell_handovers(const Json& conversation, long long position, std::vector<Line>& lines);
    void tell_state(const Json& conversation, std::vector<Line>& lines);
    std::string name_of(const Json& agent_id) const;

    Reader reader_;
    std::map<std::string, std::string> names_;  // of agents who had the conversation
    long long last_message_ = 0;
    std::vector<long long> typed_;
    std::size_t handovers_ = 0;
    std::string status_;
    std::string agent_;
};

}  // namespace hil::worker
