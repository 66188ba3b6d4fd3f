// The same thing done by many at the same moment is done once.
#include <set>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

using Texts = std::vector<std::string>;

class Races : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load(support_workflow);
    }

    // One conversation with a queued run each.
    void queue_runs(int count) {
        sql().query(
            "SELECT hil_handle_message(gen_random_uuid(), 'Where is my order?') FROM generate_series(1, "
            "$1::int)",
            {std::to_string(count)});
    }
};

TEST_F(Races, SixteenFirstMessagesOfOneConversation) {
    for (int round = 0; round < 10; ++round) {
        const std::string id = new_id();
        EXPECT_EQ(at_once(database(), 16,
                          [&](Session& session, int number) {
                              session.query("SELECT hil_handle_message($1, $2)",
                                            {id, "message " + std::to_string(number)});
                          }),
                  Texts{});
        const Texts stored = said(id, "user");
        EXPECT_EQ(std::set<std::string>(stored.begin(), stored.end()).size(), 16U);
        EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE conversation_id = $1", {id}), 1);
        EXPECT_EQ(status(id), "ai_processing");
    }
}

TEST_F(Races, OneIdempotencyKeyInSixteenSessions) {
    for (const std::string text : {"Where is my order?", "escalate"}) {
        const std::string id = new_id();
        std::vector<Json> answers(16);
        EXPECT_EQ(at_once(database(), 16,
                          [&](Session& session, int number) {
                              answers[number] = session.json(
                                  "SELECT hil_handle_message($1, $2, idempotency_key => 'once')", {id, text});
                          }),
                  Texts{});
        for (const Json& answer : answers) EXPECT_EQ(answer, answers[0]);
        EXPECT_EQ(said(id, "user"), Texts{text});
        EXPECT_LE(look(id)["handover_count"], 1);
    }
}

TEST_F(Races, EightLoadsOfOneWorkflow) {
    const Json definition = sql().json("SELECT definition FROM hil.workflows");
    std::vector<int> revisions(8);
    EXPECT_EQ(at_once(database(), 8,
                      [&](Session& session, int number) {
                          revisions[number] =
                              session.number("SELECT hil_load_workflow($1)", {definition.dump()});
                      }),
              Texts{});
    EXPECT_EQ(std::set<int>(revisions.begin(), revisions.end()), (std::set<int>{2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(sql().one("SELECT string_agg(revision::text, ' ') FROM hil.workflows WHERE active"), "9");
}

TEST_F(Races, EightClaimersShareTwoHundredRuns) {
    queue_runs(200);
    std::vector<Texts> claimed(8);
    EXPECT_EQ(at_once(database(), 8,
                      [&](Session& session, int number) {
                          for (;;) {
                              const Texts runs = session.list("SELECT run_id FROM hil_claim_runs($1, 7)",
                                                              {"claimer " + std::to_string(number)});
                              if (runs.empty()) return;
                              claimed[number].insert(claimed[number].end(), runs.begin(), runs.end());
                          }
                      }),
              Texts{});
    std::multiset<std::string> all;
    for (const Texts& runs : claimed) all.insert(runs.begin(), runs.end());
    EXPECT_EQ(all.size(), 200U);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 200U);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'running' AND attempt = 1"), 200);
}

TEST_F(Races, EightWorkersAnswerTwoHundredConversationsOnceEach) {
    for (int i = 0; i < 8; ++i) start_worker({.concurrency = 2, .name = "worker" + std::to_string(i)});
    queue_runs(200);
    ASSERT_TRUE(within_patience(
        [&] { return sql().yes("SELECT count(*) = 200 FROM hil.conversations WHERE status = 'finished'"); }));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'succeeded' AND attempt = 1"), 200);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.messages WHERE sender_type = 'ai'"), 200);
    std::cout << "200 runs were executed by " << sql().one("SELECT count(DISTINCT worker) FROM hil.runs")
              << " of 8 workers\n";
}

TEST_F(Races, TwoResultsOfOneRun) {
    queue_runs(20);
    const Rows runs = sql().query("SELECT run_id, conversation_id FROM hil_claim_runs('one', 20)");
    ASSERT_EQ(runs.size(), 20U);
    for (const Row& run : runs) {
        std::vector<Json> answers(2);
        EXPECT_EQ(at_once(database(), 2,
                          [&](Session& session, int number) {
                              answers[number] = session.json(
                                  "SELECT hil_complete_run($1, 1, '{\"sink\": \"FINISH\", \"config\": "
                                  "{\"response\": \"Here it is.\"}}')",
                                  {run[0]});
                          }),
                  Texts{});
        EXPECT_NE(answers[0]["accepted"], answers[1]["accepted"]);
        EXPECT_EQ(said(*run[1], "ai"), Texts{"Here it is."});
    }
}

TEST_F(Races, AResultAndAHandoverAtOnce) {
    queue_runs(30);
    int spoken = 0;
    for (const Row& run : sql().query("SELECT run_id, conversation_id FROM hil_claim_runs('one', 30)")) {
        Json result;
        EXPECT_EQ(at_once(database(), 2,
                          [&](Session& session, int number) {
                              if (number == 0) {
                                  result = session.json(
                                      "SELECT hil_complete_run($1, 1, '{\"sink\": \"FINISH\", \"config\": "
                                      "{\"response\": \"Here it is.\"}}')",
                                      {run[0]});
                              } else {
                                  session.query("SELECT hil_handover($1, 'a supervisor wants it')", {run[1]});
                              }
                          }),
                  Texts{});
        EXPECT_EQ(status(*run[1]), "pending_human");
        EXPECT_EQ(said(*run[1], "ai"), result["accepted"] == true ? Texts{"Here it is."} : Texts{})
            << "after a handover the AI does not speak";
        spoken += result["accepted"] == true ? 1 : 0;
    }
    std::cout << "the result came first " << spoken << " of 30 times\n";
}

TEST_F(Races, SixteenResolvesOfOneConversation) {
    const std::string agent = add_agent("Ada");
    const std::string id = new_id();
    says(id, "escalate");
    const Texts errors = at_once(database(), 16, [&](Session& session, int) {
        session.query("SELECT hil_resolve($1, 'done', $2)", {id, agent});
    });
    EXPECT_EQ(errors.size(), 15U);
    for (const std::string& error : errors) EXPECT_TRUE(error.starts_with("55000")) << error;
    EXPECT_EQ(sql().number("SELECT current_load FROM hil.human_agents"), 0);
}

TEST_F(Races, TransfersInOppositeDirections) {
    // One locks the agents as first and second, the other as second and first, unless the order is always the
    // same.
    const std::string ada = add_agent("Ada", "{}", 100), bo = add_agent("Bo", "{}", 100);
    std::vector<std::string> conversations(16);
    for (std::string& id : conversations) {
        id = new_id();
        says(id, "escalate");
    }
    EXPECT_EQ(at_once(database(), 16,
                      [&](Session& session, int number) {
                          for (int i = 0; i < 30; ++i)
                              session.query(
                                  "SELECT hil_transfer(id, assigned_agent_id, 'yours', "
                                  "CASE assigned_agent_id WHEN $2::uuid THEN $3::uuid ELSE $2::uuid END) "
                                  "FROM hil.conversations WHERE id = $1",
                                  {conversations[number], ada, bo});
                      }),
              Texts{});
    EXPECT_EQ(sql().number("SELECT sum(current_load) FROM hil.human_agents"), 16);
}

TEST_F(Races, SixteenHandoversForOneAgentWithThreeSlots) {
    add_agent("Ada", "{}", 3);
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(at_once(database(), 16,
                          [&](Session& session, int) {
                              session.query("SELECT hil_handle_message(gen_random_uuid(), 'escalate')");
                          }),
                  Texts{});
        sql().query("SELECT hil_tick()");  // sessions that chose at the same moment pass the agent by
        EXPECT_EQ(sql().number("SELECT count(*) FROM hil.agent_queue WHERE status = 'assigned'"), 3);
        EXPECT_EQ(sql().number("SELECT current_load FROM hil.human_agents"), 3);
        // The three who have waited longest have the agent.
        EXPECT_TRUE(sql().yes(
            "SELECT bool_and(t) FROM (SELECT (SELECT hil_resolve(conversation_id, 'done', assigned_to) "
            "->> 'status') = 'resolved' AS t FROM hil.agent_queue WHERE status = 'assigned') r"));
    }
}

TEST_F(Races, APurgeAndAConversationThatIsReopenedAndClosedAgain) {
    const std::string agent = add_agent("Ada");
    const std::string id = new_id();
    says(id, "escalate");
    sql().query("SELECT hil_resolve($1, 'done', $2)", {id, agent});
    Session again = connect(), purger = connect();
    again.query("BEGIN");
    again.query("SELECT hil_handle_message($1, 'escalate, once more')", {id});
    again.query("SELECT hil_resolve($1, 'done', $2)", {id, agent});
    // It finds the conversation closed, and locked.
    purger.send("SELECT hil_purge('0 s')");
    within_patience([&] {
        return sql().yes(
            "SELECT wait_event_type = 'Lock' OR state = 'idle' FROM pg_stat_activity WHERE pid = $1",
            {std::to_string(purger.backend())});
    });
    again.query("COMMIT");
    purger.finish();
    EXPECT_EQ(complaints(), "") << "what the purge did not see is not left behind";
}

}  // namespace
}  // namespace hil::test
