// Both kinds of providers end to end: what a server of language models can do to a worker.
#include "models.hpp"

namespace hil::test {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

class Providers : public ModelTest, public testing::WithParamInterface<const char*> {
  protected:
    void SetUp() override {
        ModelTest::SetUp();
        load_text(answering_workflow);
    }

    std::string path() const { return path_of(GetParam()); }
    std::vector<Seen> requests() const { return server.seen(path()); }

    Act reply(const Seen& seen) {
        return std::string(GetParam()) == "anthropic" ? model.anthropic(seen) : model.openai(seen);
    }

    // The n-th request gets the n-th treatment, and those that come after it a plain answer.
    void treat(std::vector<std::function<Act(Act)>> treatments) {
        auto number = std::make_shared<std::atomic<std::size_t>>(0);
        server.on(path(), [this, number, treatments = std::move(treatments)](const Seen& seen) {
            const std::size_t mine = (*number)++;
            return mine < treatments.size() ? treatments[mine](reply(seen)) : reply(seen);
        });
    }

    void expect_answered(const std::string& id) {
        ASSERT_TRUE(reaches(id, "finished")) << run_of(id, "error");
        EXPECT_EQ(said(id, "ai"), Texts{"Soon."});
        EXPECT_EQ(run_of(id, "attempt::text"), "1");
    }

    // Handed over after so many requests, and the run says why.
    void expect_given_up(const std::string& id, int count, const std::string& error) {
        ASSERT_TRUE(reaches(id, "pending_human"));
        EXPECT_NE(run_of(id, "error").find(error), std::string::npos) << run_of(id, "error");
        EXPECT_EQ(requests().size(), static_cast<std::size_t>(count));
        EXPECT_EQ(said(id, "ai"), Texts{});
    }

    std::string say_something() {
        const std::string id = new_id();
        says(id, "Where is my order?");
        return id;
    }
};

TEST_P(Providers, AnswerAndAreAccountedFor) {
    start(GetParam());
    const std::string id = say_something();
    expect_answered(id);
    ASSERT_EQ(requests().size(), 1U);
    const Seen seen = requests()[0];
    EXPECT_EQ(seen.json["model"], "m");
    EXPECT_NE(seen.body.find("Where is my order?"), std::string::npos);
    if (std::string(GetParam()) == "anthropic") {
        EXPECT_EQ(seen.header("x-api-key"), key);
        EXPECT_EQ(seen.json["tool_choice"]["name"], "final_answer");
    } else {
        EXPECT_EQ(seen.header("Authorization"), "Bearer " + key);
        EXPECT_EQ(seen.json["response_format"]["json_schema"]["strict"], true);
    }
    EXPECT_EQ(run_of(id, "concat_ws(' ', input_tokens, output_tokens, round(cost_usd, 3))"), "100 20 0.140");
}

TEST_P(Providers, MayBeBusyForAWhileAndSayForHowLong) {
    model.by_node["answer"] = {Say::status(529), Say::status(429, {{"Retry-After", "1"}}), Say::status(500),
                               Say::answer({{"answer", "Soon."}, {"success", true}})};
    start(GetParam());
    expect_answered(say_something());
    const std::vector<Seen> seen = requests();
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_GE(seen[2].at - seen[1].at, milliseconds(1000));
}

TEST_P(Providers, MayBeSlow) {
    treat({[](Act act) { return act.after(milliseconds(300)).drip(20, milliseconds(10)); }});
    start(GetParam());
    expect_answered(say_something());
    EXPECT_EQ(requests().size(), 1U);
}

TEST_P(Providers, MayCutTheLineOrSayNothing) {
    treat({[](Act act) { return act.cut(10); }, [](const Act&) { return Act::silence(); },
           [](const Act&) { return Act::text("<html>not yet</html>", 200); }});
    start(GetParam(), "first_byte_timeout_seconds: 0.3");
    expect_answered(say_something());
    EXPECT_EQ(requests().size(), 4U);
}

TEST_P(Providers, AreToldWhatIsWrongWithTheirAnswers) {
    model.by_node["answer"] = {Say::prose("Soon."), Say::answer({{"answer", 5}}),
                               Say::answer({{"answer", "Soon."}, {"success", true}})};
    start(GetParam());
    const std::string id = say_something();
    expect_answered(id);
    ASSERT_EQ(requests().size(), 3U);
    EXPECT_NE(requests()[1].body.find("is not valid JSON"), std::string::npos);
    EXPECT_NE(requests()[2].body.find("does not fit its schema"), std::string::npos);
    EXPECT_EQ(run_of(id, "input_tokens::text"), "300");
}

TEST_P(Providers, LieAboutTheirUsageAndNobodyBelievesIt) {
    model.by_node["answer"] = {Say::lie({{"prompt_tokens", -5},
                                         {"completion_tokens", "many"},
                                         {"input_tokens", -5},
                                         {"output_tokens", "many"}},
                                        {{"answer", "Soon."}, {"success", true}})};
    start(GetParam());
    const std::string id = say_something();
    expect_answered(id);
    EXPECT_EQ(run_of(id, "concat_ws(' ', input_tokens, output_tokens)"), "0 0");
}

TEST_P(Providers, AreNotAskedAgainWhereThatHelpsNobody) {
    start(GetParam());
    int asked = 0;
    const auto expect_at_once = [&](const Say& say, const std::string& error) {
        model.by_node["answer"] = {say};
        expect_given_up(say_something(), ++asked, error);
    };
    expect_at_once(Say::status(401, {}, {{"error", {{"message", "Incorrect API key provided"}}}}),
                   "401: Incorrect API key provided");
    expect_at_once(Say::status(404), "404");
    expect_at_once(Say::finish("length"), "the answer was cut off at max_tokens 4096");
    expect_at_once(Say::refuse("I will not."), "the model refused");
}

TEST_P(Providers, WithoutCreditAreCutOff) {
    model.by_node["answer"] = {Say::status(402)};
    start(GetParam());
    expect_given_up(say_something(), 1, "the account has no credit or has reached its limit");
}

TEST_P(Providers, MayNotFloodTheWorker) {
    treat({[](const Act&) { return Act::text(std::string(5 << 20, 'x'), 200); },
           [](const Act&) { return Act::text(std::string(5 << 20, 'x'), 200); }});
    start(GetParam());
    const std::string id = say_something();
    // The second attempt finds a server that behaves.
    ASSERT_TRUE(within_patience([&] {
        skip_backoff();
        return status(id) == "finished";
    }));
    EXPECT_EQ(run_of(id, "attempt::text"), "2");
    EXPECT_EQ(requests().size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Providers, testing::Values("openai", "anthropic"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace hil::test
