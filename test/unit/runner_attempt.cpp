// One attempt at a run against a database and a provider that say what the test wants.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "run/attempt.hpp"
#include "workflow/executor.hpp"

namespace hil::worker {
namespace {

using std::chrono::milliseconds;

const char* const definition = R"({
  "name": "tiny",
  "workflow": {
    "nodes": [
      {"id": "first", "agent": "echo", "prompt_template": "{{ customer_message }}", "config": {"model_profile": "fast"}},
      {"id": "second", "agent": "echo", "prompt_template": "{{ first.answer }}", "config": {"model_profile": "fast"}},
      {"id": "FINISH", "type": "sink", "action": "finish_conversation", "config": {"response": "{{ second.answer }}"}}
    ],
    "edges": [{"from": "first", "to": "second"}, {"from": "second", "to": "FINISH"}]
  }
})";

// Answers as told and writes down what it was asked.
class FakeDatabase : public Protocol {
  public:
    std::vector<std::string> calls;
    // What the next calls do before they answer: throw, or nothing. Used up from the front.
    std::vector<std::function<void()>> troubles;
    Json verdict = {{"action", "continue"}};
    Receipt answer;
    Json stored = Json::parse(definition);

    Json workflow_definition(const std::string& name, int revision) override {
        call("definition " + name + " " + std::to_string(revision));
        return stored;
    }
    Json record_step(const Claim&, const std::string& node, const Json& output, const Json&) override {
        call("step " + node + " " + output.dump());
        return verdict;
    }
    Receipt complete_run(const Claim& claim, const Json& result) override {
        call("complete " + std::to_string(claim.attempt) + " " + result.at("config").value("response", ""));
        return answer;
    }
    Receipt fail_run(const Claim&, const std::string& error, bool retryable,
                     std::optional<milliseconds> retry_after) override {
        call("fail " + std::string(retryable ? "retryable" : "final") + " " +
             (retry_after ? std::to_string(retry_after->count()) + " ms" : "at once"));
        errors.push_back(error);
        return answer;
    }

    std::vector<std::string> errors;

  private:
    void call(std::string what) {
        calls.push_back(std::move(what));
        if (troubles.empty()) return;
        const auto trouble = std::move(troubles.front());
        troubles.erase(troubles.begin());
        if (trouble) trouble();
    }
};

class FakeProvider : public llm::Provider {
  public:
    std::function<llm::Reply(const llm::Request&)> reply = [](const llm::Request& request) {
        llm::Reply reply;
        reply.output = {{"answer", request.prompt + "!"}};
        return reply;
    };
    llm::Reply complete(const llm::Request& request) override { return reply(request); }
};

void lose_connection() { throw DatabaseError("server closed the connection", "", true); }
void deadlock() { throw DatabaseError("deadlock detected", "40P01", false); }
void refuse() { throw DatabaseError("result has no sink", "22023", false); }

class AttemptTest : public testing::Test {
  protected:
    AttemptTest() : flight(tiny_run()) {
        spdlog::set_level(spdlog::level::off);
        catalogue.agents["echo"] = {"Echo.", {{"answer", "string"}}};
        auto owned = std::make_unique<FakeProvider>();
        provider = owned.get();
        providers["rules"] = std::move(owned);
    }

    static Claim tiny_run() {
        Claim claim;
        claim.run_id = 7;
        claim.attempt = 2;
        claim.conversation_id = "c";
        claim.workflow = "tiny";
        claim.revision = 3;
        claim.input = {{"customer_message", "hi"}, {"steps", Json::object()}};
        return claim;
    }

    void run() {
        attempt(flight, database,
                {workflows, catalogue, providers, Backoff(milliseconds(0), milliseconds(0))});
    }

    Catalogue catalogue = Catalogue::builtin();
    Workflows workflows{catalogue};
    llm::Providers providers;
    FakeProvider* provider;
    FakeDatabase database;
    Flight flight;

    const std::string definition_read = "definition tiny 3";
    const std::string first = R"(step first {"answer":"hi!"})";
    const std::string second = R"(step second {"answer":"hi!!"})";
    const std::string complete = "complete 2 hi!!";
};

using Calls = std::vector<std::string>;

TEST_F(AttemptTest, ReportsEachStepAndTheResult) {
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first, second, complete}));
}

TEST_F(AttemptTest, ReadsARevisionOnce) {
    run();
    database.calls.clear();
    run();
    EXPECT_EQ(database.calls, (Calls{first, second, complete}));
}

// Whoever reads one from a slow database holds up nobody who has his already.
TEST_F(AttemptTest, ARevisionThatIsKnownWaitsForNoOther) {
    workflows.get(database, "tiny", 3);
    std::future<void> other;
    std::future_status status = std::future_status::timeout;
    database.troubles = {[&] {
        other = std::async(std::launch::async, [&] { workflows.get(database, "tiny", 3); });
        status = other.wait_for(std::chrono::seconds(10));
    }};
    workflows.get(database, "tiny", 4);
    EXPECT_EQ(status, std::future_status::ready);
}

TEST_F(AttemptTest, ForgetsRevisionsBeforeTheyAreTooMany) {
    for (int i = 0; i < static_cast<int>(max_known_workflows) + 1; ++i) workflows.get(database, "tiny", i);
    database.calls.clear();
    workflows.get(database, "tiny", 0);
    EXPECT_EQ(database.calls, (Calls{"definition tiny 0"}));
}

TEST_F(AttemptTest, RepeatsAReportUntilItGetsThrough) {
    database.troubles = {nullptr, lose_connection, deadlock, nullptr, nullptr, lose_connection};
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first, first, first, second, complete, complete}));
}

TEST_F(AttemptTest, StopsAskingWhenTheRunIsLost) {
    database.troubles = {nullptr, [this] {
                             flight.abandon();
                             lose_connection();
                         }};
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first}));
}

TEST_F(AttemptTest, AnAbandonedRunReportsNothingMore) {
    provider->reply = [this](const llm::Request&) {
        flight.abandon();
        llm::Reply reply;
        reply.output = {{"answer", "too late"}};
        return reply;
    };
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read}));
}

TEST_F(AttemptTest, AHandoverEndsTheRunAtOnce) {
    database.verdict = {{"action", "handover"}, {"trigger", "complexity"}, {"reason", "high"}};
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first}));
}

// What a fenced-off worker hears.
TEST_F(AttemptTest, AVerdictWithoutAnActionIsAStop) {
    database.verdict = {{"accepted", false}, {"reason", "run was cancelled"}};
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first}));
}

TEST_F(AttemptTest, AResultThatIsNotAcceptedIsDropped) {
    database.answer = {false, "a newer attempt holds the run"};
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first, second, complete}));
}

TEST_F(AttemptTest, AProvidersErrorFailsTheRunAsItSays) {
    provider->reply = [](const llm::Request&) -> llm::Reply {
        throw llm::ProviderError("overloaded", /*retryable=*/true, milliseconds(1500));
    };
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, "fail retryable 1500 ms"}));
    EXPECT_NE(database.errors.front().find("first"), std::string::npos) << database.errors.front();
    EXPECT_NE(database.errors.front().find("overloaded"), std::string::npos) << database.errors.front();
}

TEST_F(AttemptTest, AnErrorThatCannotPassFailsTheRunForGood) {
    provider->reply = [](const llm::Request&) -> llm::Reply {
        throw llm::ProviderError("no such model", /*retryable=*/false, std::nullopt);
    };
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, "fail final at once"}));
}

TEST_F(AttemptTest, ARefusedResultFailsTheRun) {
    database.troubles = {nullptr, nullptr, nullptr, refuse};
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, first, second, complete, "fail retryable at once"}));
}

TEST_F(AttemptTest, AWorkflowThatThisWorkerCannotExecuteFailsForGood) {
    catalogue.agents.erase("echo");
    run();
    EXPECT_EQ(database.calls, (Calls{definition_read, "fail final at once"}));
    EXPECT_NE(database.errors.front().find("tiny revision 3"), std::string::npos) << database.errors.front();
}

}  // namespace
}  // namespace hil::worker
