// Retries and the circuit breaker around a provider, by a clock that only waiting moves.
#include <gtest/gtest.h>

#include <deque>

#include "llm/patient_provider.hpp"
#include "llm_support.hpp"
#include "task_support.hpp"
#include "watch/metrics.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = ProviderError::Kind;

class LlmPatientProvider : public testing::Test, public Provider {
  protected:
    Task<Reply> ask(const Question&) override {
        ++asked;
        now += each_takes;
        if (errors.empty()) co_return Reply();
        const ProviderError error = errors.front();
        if (errors.size() > 1 || !for_ever) errors.pop_front();
        throw error;
    }

    // The one that is asked; the test itself plays it.
    struct Player : Provider {
        explicit Player(LlmPatientProvider& test) : test(test) {}
        Task<Reply> ask(const Question& question) override { return test.ask(question); }
        LlmPatientProvider& test;
    };

    Task<> sleep(milliseconds delay) {
        pauses.push_back(delay);
        now += delay;
        co_return;
    }

    PatientProvider& provider() {
        if (!made) {
            made = std::make_unique<PatientProvider>(
                "openai", std::make_unique<Player>(*this), 2, places, retry, breaker, metrics,
                Patience{[this] { return now; }, [this](milliseconds delay) { return sleep(delay); }});
        }
        return *made;
    }

    // "" or what the last error says.
    std::string outcome() {
        Question question = asked_about.question();
        question.waited = &waited;
        question.at_provider = [this](bool away) { away_told.push_back(away); };
        try {
            run_task(provider().ask(question));
        } catch (const ProviderError& error) {
            last.emplace(error);
            return error.what();
        }
        return "";
    }

    ProviderError failing(Kind kind, std::optional<milliseconds> after = std::nullopt) {
        return {kind, "openai: x", kind != Kind::request && kind != Kind::money, after};
    }

    Asked asked_about;
    RetrySettings retry{seconds(120), milliseconds(500), seconds(20)};
    BreakerSettings breaker{5, seconds(10), seconds(60)};
    std::chrono::steady_clock::time_point now{seconds(1000)};
    milliseconds each_takes{10}, waited{0};
    std::deque<ProviderError> errors;
    bool for_ever = false;
    int asked = 0;
    std::vector<milliseconds> pauses;
    std::vector<bool> away_told;
    int places = 10;
    Metrics metrics;
    std::optional<ProviderError> last;
    std::unique_ptr<PatientProvider> made;
};

TEST_F(LlmPatientProvider, AsksAgainWithGrowingPauses) {
    errors = {failing(Kind::network), failing(Kind::overloaded), failing(Kind::rate)};
    EXPECT_EQ(outcome(), "");
    EXPECT_EQ(asked, 4);
    ASSERT_EQ(pauses.size(), 3U);
    for (int i = 0; i < 3; ++i) {
        EXPECT_GE(pauses[i], milliseconds(250) * (1 << i));
        EXPECT_LE(pauses[i], milliseconds(500) * (1 << i));
    }
    // Four requests and three pauses.
    ASSERT_EQ(away_told.size(), 14U);
    for (std::size_t i = 0; i < away_told.size(); ++i) EXPECT_EQ(away_told[i], i % 2 == 0);
}

TEST_F(LlmPatientProvider, NeverAsksAgainWhatStaysWrong) {
    for (Kind kind : {Kind::request, Kind::money}) {
        errors = {failing(kind)};
        asked = 0;
        made.reset();
        EXPECT_EQ(outcome(), "openai: x");
        EXPECT_EQ(asked, 1);
        EXPECT_FALSE(last->retryable);
    }
    ProviderError now_not = failing(Kind::overloaded);
    now_not.not_at_once = true;
    errors = {now_not};
    asked = 0;
    made.reset();
    EXPECT_EQ(outcome(), "openai: x");
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(last->retryable);
}

TEST_F(LlmPatientProvider, ReadsAReplyTwiceAndNoMore) {
    errors = {failing(Kind::reply), failing(Kind::reply), failing(Kind::reply)};
    EXPECT_EQ(outcome(), "openai: x");
    EXPECT_EQ(asked, 2);
    EXPECT_TRUE(last->retryable);
}

TEST_F(LlmPatientProvider, WaitsAsLongAsItIsTold) {
    errors = {failing(Kind::rate, seconds(7))};
    EXPECT_EQ(outcome(), "");
    EXPECT_EQ(pauses, std::vector{milliseconds(7000)});
}

TEST_F(LlmPatientProvider, GivesUpAtOnceWhatIsLongerThanTheBudget) {
    errors = {failing(Kind::rate, seconds(500))};
    EXPECT_EQ(outcome(), "openai: x");
    EXPECT_TRUE(pauses.empty());
    EXPECT_EQ(last->retry_after, seconds(500));
}

TEST_F(LlmPatientProvider, ItsBudgetIsTheWholeStepsAndModelsMayThink) {
    breaker.failures = 0;
    each_takes = seconds(100);  // thinking is no waiting
    EXPECT_EQ(outcome(), "");
    EXPECT_EQ(waited, milliseconds(0));
    each_takes = seconds(1);
    errors = {failing(Kind::rate, seconds(50))};
    EXPECT_EQ(outcome(), "");
    EXPECT_EQ(waited, seconds(51));
    errors = {failing(Kind::rate, seconds(70))};
    EXPECT_EQ(outcome(), "openai: x") << "51 + 1 + 70 s are too long";
}

TEST_F(LlmPatientProvider, AProviderThatIsDownIsCutOffAndWaitedFor) {
    for_ever = true;
    errors = {failing(Kind::network)};
    const auto start = now;
    EXPECT_NE(outcome(), "");
    EXPECT_LE(now - start, seconds(120));
    EXPECT_LE(asked, 9) << "five until it opens, then one for each probe";
    // It is up again: the one that comes next finds it.
    errors.clear();
    now += seconds(60);
    EXPECT_EQ(outcome(), "");
    EXPECT_EQ(provider().breaker().state(now), Breaker::State::closed);
}

TEST_F(LlmPatientProvider, TellsWhyItIsCutOffAndForHowLong) {
    retry.budget = seconds(5);
    for_ever = true;
    errors = {failing(Kind::network)};
    for (int i = 0; i < 3; ++i) outcome();
    EXPECT_EQ(provider().breaker().state(now), Breaker::State::open);
    const int before = asked;
    EXPECT_EQ(outcome(), "openai is cut off after 5 failures: openai: x");
    EXPECT_EQ(asked, before);
    EXPECT_TRUE(last->retryable);
    EXPECT_GT(last->retry_after, milliseconds(0));
}

// Whoever has no place to wait in gives the run back, for as long as there was to wait, and one after the
// other.
TEST_F(LlmPatientProvider, NobodyWaitsWithoutAPlace) {
    places = 0;
    errors = {failing(Kind::rate, seconds(30)), failing(Kind::rate, seconds(30)), failing(Kind::network)};
    EXPECT_EQ(outcome(), "openai: x");
    EXPECT_EQ(last->kind, Kind::no_place);
    EXPECT_TRUE(last->retryable);
    const milliseconds first = *last->retry_after;
    EXPECT_GE(first, seconds(30));
    EXPECT_EQ(outcome(), "openai: x");
    EXPECT_EQ(*last->retry_after, first + each_takes * -1 + milliseconds(10)) << "10 ms after the first one";
    EXPECT_EQ(outcome(), "openai: x");
    EXPECT_GE(*last->retry_after, seconds(5)) << "a shorter pause is not worth a way through the database";
    EXPECT_TRUE(pauses.empty());
    EXPECT_EQ(waited, milliseconds(0)) << "and costs nothing of the budget";
    EXPECT_EQ(outcome(), "");
}

TEST_F(LlmPatientProvider, MoneyCutsOffAtOnce) {
    errors = {failing(Kind::money)};
    outcome();
    EXPECT_EQ(provider().breaker().state(now), Breaker::State::open);
    made.reset();
    errors = {failing(Kind::request), failing(Kind::request), failing(Kind::request),
              failing(Kind::request), failing(Kind::request), failing(Kind::request)};
    for (int i = 0; i < 6; ++i) outcome();
    EXPECT_EQ(provider().breaker().state(now), Breaker::State::closed) << "the provider is there";
}

}  // namespace
}  // namespace hil::worker
