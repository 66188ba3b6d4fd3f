// Workers that end while they have runs: what they do not finish goes to others, and is no error of the AI's.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "models.hpp"

namespace hil::test {
namespace {

// As long as it exists, the server serves the sessions that it has and takes no new one: whoever connects
// waits.
class NobodyConnects {
  public:
    NobodyConnects() {
        std::ifstream(std::getenv("HIL_CLUSTER") + std::string("/data/postmaster.pid")) >> server_;
        EXPECT_EQ(kill(server_, SIGSTOP), 0);
    }
    ~NobodyConnects() { kill(server_, SIGCONT); }
    NobodyConnects(const NobodyConnects&) = delete;
    NobodyConnects& operator=(const NobodyConnects&) = delete;

  private:
    pid_t server_ = 0;
};

class Drain : public ModelTest {
  protected:
    void SetUp() override {
        ModelTest::SetUp();
        load_text(unforgiving_workflow);
        // Only the worker's commits wait for a standby.
        sql().query("ALTER DATABASE " + database() + " SET synchronous_commit = local");
        reconnect();
    }

    void TearDown() override {
        set_standby("");
        ModelTest::TearDown();
    }

    WorkerSettings with_model() {
        WorkerSettings with = settings("providers:\n" + provider("scripted", "openai") +
                                       "model_profiles:\n  balanced: {provider: scripted, model: m}\n");
        with.environment["PGOPTIONS"] = "-c synchronous_commit=on";
        return with;
    }

    void set_standby(const std::string& name) {
        sql().query("ALTER SYSTEM SET synchronous_standby_names = '" + name + "'");
        sql().query("SELECT pg_reload_conf()");
    }

    // The commit of a session whose last statement contains `statement` waits for a standby.
    bool commit_waits(const std::string& statement) {
        return sql().yes(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
            "AND datname = current_database() AND query LIKE '%' || $1 || '%')",
            {statement});
    }

    // Until all commits wait for a standby that never comes.
    bool standby_is_missed() {
        set_standby("nobody");
        return within_patience([&] {
            Session probe = connect();
            probe.query("SET synchronous_commit = on");
            probe.send("SELECT pg_logical_emit_message(true, 'a', 'probe')");
            const auto ended = [&] {
                return sql().yes(
                    "SELECT state = 'idle' AND query LIKE '%probe%' FROM pg_stat_activity "
                    "WHERE pid = $1",
                    {std::to_string(probe.backend())});
            };
            return within_patience([&] { return commit_waits("probe") || ended(); }) && !ended();
        });
    }

    // Nobody took the run for one that failed, and another worker answers.
    void expect_put_back(const std::string& id) {
        EXPECT_EQ(run_of(id, "status || ' ' || attempt || ' ' || error"), "queued 1 the worker is ending");
        EXPECT_EQ(sql().one("SELECT consecutive_errors FROM hil.conversations WHERE id = $1", {id}), "0");
        server.release();
        start_worker(with_model());
        EXPECT_TRUE(reaches(id, "finished"));
        EXPECT_EQ(run_of(id, "attempt"), "2");
    }
};

TEST_F(Drain, WhatIsNotFinishedInTimeIsPutBack) {
    server.hold();
    WorkerSettings hasty = with_model();
    hasty.drain_seconds = 0.5;
    Process& worker = start_worker(hasty);
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(server.waits_for(path_of("openai"), 1));
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    expect_put_back(id);
}

// The tool goes on with it, and a call with the same key beside it would be refused, or be a second one.
TEST_F(Drain, ACallThatHasNoAnswerIsNotMadeAgainAtOnce) {
    load_text(R"(name: answering
workflow:
  nodes:
    - {id: answer, agent: reasoning_support_agent, config: {tools: ["shop.*"]}}
    - {id: DONE, type: sink, action: finish_conversation}
  edges:
    - {from: answer, to: DONE}
)");
    model.by_node["answer"] = {Say::call("shop.refund", nlohmann::json::object()),
                               Say::answer({{"answer", "Soon."}, {"success", true}})};
    server.on("/refund", [](const Seen&) { return Act::silence(); });
    WorkerSettings hasty = with_model();
    hasty.drain_seconds = 0.5;
    hasty.more +=
        "tools:\n  shop.refund: {kind: http, description: Refunds., method: POST, allow_private: true, url: "
        "\"" +
        server.url() + "/refund\"}\n";
    Process& worker = start_worker(hasty);
    const std::string id = new_id();
    says(id, "Give me my money back!");
    ASSERT_TRUE(server.waits_for("/refund", 1));
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0);
    EXPECT_EQ(run_of(id, "status || ' ' || error"), "queued the worker is ending");
    EXPECT_EQ(run_of(id, "run_after > clock_timestamp() + interval '30 s'"), "t");
}

// The claim is committed when the worker hears that it is to end, and the answer on its way.
TEST_F(Drain, ARunThatIsClaimedMeanwhileIsNotBegun) {
    WorkerSettings settings = with_model();
    settings.tick_seconds = 3600;
    Process& worker = start_worker(settings);
    ASSERT_TRUE(within_patience([&] {
        return sql().yes(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'hil-worker' "
            "AND datname = current_database() AND state = 'idle' AND query LIKE '%hil_claim_runs%')");
    }));
    ASSERT_TRUE(standby_is_missed());
    const std::string id = new_id();
    says(id, "Where is my order?");
    ASSERT_TRUE(within_patience([&] { return commit_waits("hil_claim_runs"); }));
    worker.signal(SIGTERM);
    ASSERT_TRUE(within_patience([&] { return worker.output().find("stopping") != std::string::npos; }));
    set_standby("");
    EXPECT_EQ(worker.wait(), 0);
    EXPECT_EQ(server.seen(path_of("openai")).size(), 0U) << "nobody pays for what nobody will hear of";
    expect_put_back(id);
}

TEST_F(Drain, AConnectThatAToolLeftBehindHoldsNobodyUp) {
    const Say answer = Say::answer({{"answer", "Soon."}, {"success", true}});
    model.by_node["answer"] = {answer, Say::call("shop.look", Json::object()), answer};
    WorkerSettings settings = with_model();
    settings.more +=
        "tools:\n  shop.look: {kind: sql, description: Looks it up., function: shop.look, timeout_seconds: "
        "1}\n";
    settings.environment["HIL_DATABASE_URL"] = "postgresql:///" + database() + "?connect_timeout=600";
    std::string with_tool = unforgiving_workflow;
    with_tool.insert(with_tool.find("    - {id: DONE"), "      config: {tools: [shop.look]}\n");
    load_text(with_tool);
    Process& worker = start_worker(settings);
    // The worker has the connections that it works with then.
    const std::string first = new_id(), second = new_id();
    says(first, "Hello");
    ASSERT_TRUE(reaches(first, "finished"));
    const NobodyConnects stopped;
    says(second, "Where is my order?");
    ASSERT_TRUE(reaches(second, "finished"));
    EXPECT_NE(sql().one("SELECT result FROM hil.run_calls").find("there was no connection in time"),
              std::string::npos);
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.wait(), 0) << "a connect cannot be waited for";
}

}  // namespace
}  // namespace hil::test
