// What of a lasting trouble gets into the log.
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "complaint.hpp"

namespace hil::worker {
namespace {

class ComplaintTest : public testing::Test {
  protected:
    ComplaintTest() : before_(spdlog::default_logger()) {
        auto logger =
            std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
        logger->set_pattern("%l %v");
        logger->set_level(spdlog::level::info);
        spdlog::set_default_logger(logger);
    }
    ~ComplaintTest() override { spdlog::set_default_logger(before_); }

    std::ostringstream log;
    Complaint complaint{"the thing"};

  private:
    std::shared_ptr<spdlog::logger> before_;
};

TEST_F(ComplaintTest, IsSaidOnceUntilItChanges) {
    complaint.is("try 1: ", "no luck");
    complaint.is("try 2: ", "no luck");
    complaint.is("try 3: ", "no money");
    complaint.is("try 4: ", "no money");
    EXPECT_EQ(log.str(), "warning try 1: no luck\nwarning try 3: no money\n");
}

TEST_F(ComplaintTest, WhatLastsIsSaidAgainAfterAWhile) {
    Complaint lasting("the thing", std::chrono::seconds(0));
    lasting.is("try 1: ", "no luck");
    lasting.is("try 2: ", "no luck");
    EXPECT_EQ(log.str(), "warning try 1: no luck\nwarning try 2: no luck\n");
}

TEST_F(ComplaintTest, ItsEndIsSaidOnceAndItCanComeBack) {
    complaint.is_over();
    complaint.is("", "no luck");
    complaint.is_over();
    complaint.is_over();
    complaint.is("", "no luck");
    EXPECT_EQ(log.str(), "warning no luck\ninfo the thing: works again\nwarning no luck\n");
}

}  // namespace
}  // namespace hil::worker
