// Times as the database writes them.
#include <gtest/gtest.h>

#include "db/timestamp.hpp"

namespace hil::worker {
namespace {

double seconds(const std::string& text) {
    const auto read = read_timestamp(text);
    return read ? std::chrono::duration<double>(read->time_since_epoch()).count() : -1;
}

TEST(DbTimestamp, IsReadInAnyZone) {
    EXPECT_DOUBLE_EQ(seconds("2026-11-22T21:00:00.25+00:00"), 1795381200.25);
    EXPECT_DOUBLE_EQ(seconds("2026-11-23T02:30:00.25+05:30"), 1795381200.25);
    EXPECT_DOUBLE_EQ(seconds("2026-11-22T17:00:00-04"), 1795381200);
}

TEST(DbTimestamp, AnythingElseIsNone) {
    for (const char* text : {"", "yesterday", "2026-11-22", "2026-11-22T21:00:00"})
        EXPECT_EQ(seconds(text), -1) << text;
}

}  // namespace
}  // namespace hil::worker
