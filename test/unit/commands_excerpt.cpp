// The line that a mistake is in, with a mark below it.
#include <gtest/gtest.h>

#include "commands/excerpt.hpp"

namespace hil::worker {
namespace {

std::string at(const std::string& source, int line, int column) {
    return excerpt(source, {line, column, ""});
}

TEST(Excerpt, MarksTheColumn) {
    EXPECT_EQ(at("a: 1\n  b: [x\n", 2, 6), "  2 |   b: [x\n    |      ^\n");
    EXPECT_EQ(at("a: 1\n  b: [x", 2, 8), "  2 |   b: [x\n    |        ^\n") << "the end of the line";
    EXPECT_EQ(at(std::string(9, '\n') + "a:\tb\r\n", 10, 4), "  10 | a: b \n     |    ^\n");
    EXPECT_EQ(at("äöü: x\n", 1, 9), "  1 | äöü: x\n    |      ^\n")
        << "columns count bytes, marks characters";
}

TEST(Excerpt, OfALongLineShowsWhatIsNear) {
    const std::string shown = at(std::string(200, 'a') + "!" + std::string(200, 'b'), 1, 201);
    EXPECT_EQ(shown, "  1 | …" + std::string(70, 'a') + "!" + std::string(29, 'b') + "…\n    |  " +
                         std::string(70, ' ') + "^\n");
}

TEST(Excerpt, OfALineThatIsNotThereShowsNothing) {
    EXPECT_EQ(at("a: 1\n", 2, 1), "");
    EXPECT_EQ(at("a: 1\n", 0, 0), "");
    EXPECT_EQ(at("a: 1\n\n", 2, 1), "");
}

}  // namespace
}  // namespace hil::worker
