// What a terminal shows: who on the left, what on the right.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace hil::worker {

enum class Voice { customer, ai, agent, system };

// The text without what a terminal would obey: control characters become U+FFFD, save for line feeds and
// tabs. What customers and models write is shown to people in terminals.
std::string shown_text(std::string_view text);

class Page {
  public:
    // With `colours`, `out` is a terminal.
    Page(std::ostream& out, bool colours) : out_(out), colours_(colours) {}

    // One thing that somebody said or that happened; text of several lines is indented.
    void say(Voice voice, const std::string& who, const std::string& text);

    // What hil itself says.
    void note(const std::string& text) { say(Voice::system, "hil", text); }

    void error(const std::string& text) { say(Voice::system, "error", text); }

  private:
    std::ostream& out_;
    bool colours_;
};

}  // namespace hil::worker
