// Server-sent events, in whatever pieces they come.
#include <gtest/gtest.h>

#include <stdexcept>

#include "http/sse.hpp"

namespace hil::worker {
namespace {

using Texts = std::vector<std::string>;

Texts read(const std::string& stream, std::size_t piece) {
    SseReader reader;
    Texts found;
    for (std::size_t at = 0; at < stream.size(); at += piece)
        for (const ServerEvent& event : reader.add(stream.substr(at, piece)))
            found.push_back(event.type + "|" + event.data);
    return found;
}

TEST(HttpSse, ReadsEventsWhateverThePieces) {
    const std::string stream =
        "\xEF\xBB\xBF: a comment\n"
        "data: one\n\n"
        "event: ping\ndata:two\ndata: \n data: lost\ndata:  three\nid: 7\nretry: 5\n\n"
        "event: nothing\n\n"
        "data\n\n"
        "data: four\r\ndata: five\r\n\r\n"
        "data: six\r\r"
        "data: never finished\n";
    const Texts expected = {"message|one", "ping|two\n\n three", "message|", "message|four\nfive",
                            "message|six"};
    for (std::size_t piece : {1, 2, 3, 7, 1000}) EXPECT_EQ(read(stream, piece), expected) << piece;
}

TEST(HttpSse, RefusesAnEventWithoutEnd) {
    SseReader reader(100);
    EXPECT_EQ(reader.add("data: " + std::string(90, 'x') + "\n\n").size(), 1U);
    EXPECT_EQ(reader.add("data: " + std::string(90, 'x') + "\n\n").size(), 1U);
    EXPECT_THROW(reader.add("data: " + std::string(60, 'x') + "\ndata: " + std::string(60, 'x')),
                 std::length_error);
}

}  // namespace
}  // namespace hil::worker
