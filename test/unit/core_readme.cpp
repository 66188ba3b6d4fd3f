// The README's table and diagram of states are the state machine's own edges.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/state_machine.hpp"

namespace {

std::string readme() {
    std::ifstream file(HIL_SOURCE_DIR "/README.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// What stands between the marker and the next <!-- end -->.
std::string between(const std::string& marker) {
    const std::string text = readme(), begin = "<!-- " + marker + " -->\n", end = "<!-- end -->";
    const auto from = text.find(begin);
    if (from == std::string::npos) return "no marker " + marker;
    const auto start = from + begin.size();
    return text.substr(start, text.find(end, start) - start);
}

TEST(Readme, ShowsEveryEdgeWithItsSentence) {
    std::string expected = "| from | to | when |\n|---|---|---|\n";
    for (const hil::Edge& edge : hil::edges())
        expected += "| `" + std::string(hil::name(edge.from)) + "` | `" + std::string(hil::name(edge.to)) +
                    "` | " + edge.when + " |\n";
    EXPECT_EQ(between("states"), expected);
}

TEST(Readme, DrawsEveryEdge) {
    std::string expected = "```mermaid\nstateDiagram-v2\n    [*] --> new\n";
    for (const hil::Edge& edge : hil::edges())
        expected +=
            "    " + std::string(hil::name(edge.from)) + " --> " + std::string(hil::name(edge.to)) + "\n";
    EXPECT_EQ(between("diagram"), expected + "```\n");
}

}  // namespace
