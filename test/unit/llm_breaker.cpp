// The circuit breaker, by a clock that the test sets.
#include <gtest/gtest.h>

#include <vector>

#include "llm/breaker.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = Breaker::State;

class LlmBreaker : public testing::Test {
  protected:
    void fail() {
        now += milliseconds(100);
        breaker.ask(now).failed(now, "why");
    }
    void fail_until_open() {
        for (int i = 0; i < 5; ++i) fail();
    }
    bool passes() { return breaker.ask(now).granted(); }

    Breaker breaker{{5, seconds(10), seconds(60)}};
    Breaker::Clock::time_point now{seconds(1000)};
};

TEST_F(LlmBreaker, OpensAfterSoManyFailuresInARow) {
    for (int i = 0; i < 4; ++i) fail();
    breaker.ask(now).succeeded(now);
    for (int i = 0; i < 4; ++i) fail();
    EXPECT_EQ(breaker.state(now), State::closed);
    fail();
    EXPECT_EQ(breaker.state(now), State::open);
    const Breaker::Pass pass = breaker.ask(now);
    EXPECT_FALSE(pass.granted());
    EXPECT_EQ(pass.wait(), seconds(10));
    EXPECT_EQ(breaker.reason(), "cut off after 5 failures: why");
}

TEST_F(LlmBreaker, CountsFailuresOfOneMomentOnce) {
    for (int i = 0; i < 50; ++i) breaker.ask(now).failed(now, "why");
    EXPECT_EQ(breaker.state(now), State::closed);
}

// A provider that hangs is cut off when its first requests have timed out, not after five rounds of that.
TEST_F(LlmBreaker, RequestsThatTimeOutTogetherCountEachIfNobodyWasAnswered) {
    const auto time_out = [&](int requests, bool one_is_answered) {
        std::vector<Breaker::Pass> passes;
        passes.reserve(static_cast<std::size_t>(requests));
        for (int i = 0; i < requests; ++i) passes.push_back(breaker.ask(now));
        now += seconds(30);
        if (one_is_answered) breaker.ask(now).succeeded(now);
        now += seconds(30);
        for (Breaker::Pass& pass : passes) pass.failed(now, "no answer", /*timed_out=*/true);
    };
    time_out(50, true);
    EXPECT_EQ(breaker.state(now), State::closed);
    breaker.ask(now).succeeded(now);
    time_out(4, false);
    EXPECT_EQ(breaker.state(now), State::closed);
    breaker.ask(now).succeeded(now);
    now += seconds(1);
    time_out(5, false);
    EXPECT_EQ(breaker.state(now), State::open);
}

TEST_F(LlmBreaker, LetsOneThroughAfterAWhileAndClosesWhenItSucceeds) {
    fail_until_open();
    now += seconds(10);
    EXPECT_EQ(breaker.state(now), State::half_open);
    {
        Breaker::Pass probe = breaker.ask(now);
        EXPECT_TRUE(probe.granted());
        EXPECT_FALSE(passes()) << "one at a time";
        EXPECT_GT(breaker.ask(now).wait(), milliseconds(0));
        probe.succeeded(now);
    }
    EXPECT_EQ(breaker.state(now), State::closed);
    EXPECT_TRUE(passes());
    fail_until_open();
    EXPECT_EQ(breaker.ask(now).wait(), seconds(10)) << "from the start";
}

TEST_F(LlmBreaker, StaysOpenForLongerEachTime) {
    fail_until_open();
    for (int wait : {10, 20, 40, 60, 60}) {
        EXPECT_EQ(breaker.ask(now).wait(), seconds(wait));
        now += seconds(wait);
        breaker.ask(now).failed(now, "still");
    }
    EXPECT_EQ(breaker.reason(), "cut off after 10 failures: still");
}

TEST_F(LlmBreaker, AProbeThatWasGivenUpLetsTheNextOneThrough) {
    fail_until_open();
    now += seconds(10);
    EXPECT_TRUE(passes());
    EXPECT_TRUE(passes());
}

TEST_F(LlmBreaker, WhatWasSentBeforeItOpenedChangesNothing) {
    Breaker::Pass early = breaker.ask(now), late = breaker.ask(now);
    fail_until_open();
    early.succeeded(now);
    late.failed(now, "late");
    EXPECT_EQ(breaker.ask(now).wait(), seconds(10));
}

TEST_F(LlmBreaker, OpensAtOnceForGood) {
    breaker.ask(now).failed_for_good(now, "no credit");
    EXPECT_EQ(breaker.ask(now).wait(), seconds(60));
    EXPECT_EQ(breaker.reason(), "cut off after 1 failure: no credit");
}

TEST_F(LlmBreaker, CanBeSwitchedOff) {
    Breaker off({0, seconds(10), seconds(60)});
    for (int i = 0; i < 20; ++i) off.ask(now += seconds(1)).failed(now, "why");
    off.ask(now).failed_for_good(now, "no credit");
    EXPECT_TRUE(off.ask(now).granted());
}

}  // namespace
}  // namespace hil::worker
