// hil's figures: build/bench [FIGURE...], within test/with-cluster; test/bench/run does that.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <set>

#include "figures.hpp"

namespace {

using namespace hil::bench;

struct Figure {
    const char* name;
    void (*measure)(Report&);
};

constexpr Figure figures[] = {
    {"Q1", handover},  {"Q2", position}, {"Q3", take},           {"Q4", find},
    {"Q5", events},    {"Q6", events},   {"Q7", message},        {"Q8", history},
    {"Q9", idle},      {"W1", worker},   {"W2", pickup},         {"W3", pickup},
    {"W4", in_flight}, {"W5", worker},   {"snapshot", snapshot}, {"peers", peers},
};

}  // namespace

int main(int count, char** arguments) {
    const std::set<std::string> wanted(arguments + 1, arguments + count);
    for (const std::string& name : wanted) {
        const auto named = [&](const Figure& figure) { return name == figure.name; };
        if (std::none_of(std::begin(figures), std::end(figures), named)) {
            std::fprintf(stderr, "bench: there is no figure %s\n", name.c_str());
            return 2;
        }
    }
    Report report;
    report.heading();
    bool failed = false;
    std::set<void (*)(Report&)> done;  // one function may measure two figures
    for (const Figure& figure : figures) {
        if (!wanted.empty() && !wanted.contains(figure.name)) continue;
        if (!done.insert(figure.measure).second) continue;
        try {
            figure.measure(report);
        } catch (const std::exception& error) {
            report.note(figure.name, std::string("FAILED: ") + error.what());
            failed = true;
        }
    }
    report.summary();
    return failed ? 1 : 0;
}
