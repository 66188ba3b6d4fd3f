// Steps of an escalation are taken exactly once each: with many rounds at once, beside agents who take the
// entries meanwhile, and when the server dies in the middle.
#include <atomic>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

constexpr const char* escalating = R"(
name: escalating
hil_config:
  routing_rules:
    - skill: billing
      priority: 5
      max_wait_time: 300
      escalation:
        - {after: 60, priority: 3}
        - {after: 120, skills: [accounts], notify: "team leads"}
    - skill: technical
      escalation:
        - {after: 60, notify: "team leads"}
        - {after: 900, back_to_ai: true}
workflow:
  nodes:
    - {id: reply, agent: reasoning_support_agent}
    - {id: FINISH, type: sink, action: finish_conversation}
  edges:
    - {from: reply, to: FINISH}
)";

class Escalation : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load_text(escalating);
    }

    void hand_over(int count, const std::string& skills) {
        sql().query(
            "SELECT hil_handover(hil_create_conversation(), 'test', $2::text[]) FROM generate_series(1, "
            "$1::int)",
            {std::to_string(count), skills});
    }

    // So many minutes pass for everybody who waits and whom nobody holds. In the order in which hil locks,
    // the conversation first.
    void pass(Session& session, int minutes) {
        session.query(
            "WITH held AS MATERIALIZED (SELECT id FROM hil.conversations WHERE status = 'pending_human' FOR "
            "NO KEY UPDATE SKIP LOCKED) "
            "UPDATE hil.agent_queue SET created_at = created_at - make_interval(mins => $1::int), "
            "deadline = deadline - make_interval(mins => $1::int), "
            "next_step_at = next_step_at - make_interval(mins => $1::int) "
            "FROM held WHERE conversation_id = held.id AND status = 'pending'",
            {std::to_string(minutes)});
    }

    int events() { return sql().number("SELECT count(*) FROM " + std::string(told)); }

    // Each entry has told of its steps 1 to escalation_step, once each.
    void expect_each_step_once() {
        EXPECT_EQ(
            sql().list("SELECT q.conversation_id::text || ': ' || q.escalation_step || ' taken, told of ' || "
                       "coalesce(string_agg(e.step::text, ',' ORDER BY e.step), 'none') "
                       "FROM hil.agent_queue q LEFT JOIN " +
                       std::string(told) +
                       " ON e.conversation_id = q.conversation_id GROUP BY q.conversation_id, q.ticket, "
                       "q.escalation_step HAVING coalesce(array_agg(e.step ORDER BY e.step) FILTER (WHERE "
                       "e.step IS NOT NULL), '{}') <> ARRAY(SELECT generate_series(1, q.escalation_step))"),
            std::vector<std::string>{});
    }

    static constexpr const char* told =
        "(SELECT conversation_id, (payload ->> 'step')::int AS step FROM (SELECT conversation_id, type, "
        "payload FROM hil.outbox UNION ALL SELECT conversation_id, type, payload FROM hil.events) AS "
        "both_places "
        "WHERE type IN ('sla_breached', 'escalated')) e";
};

TEST_F(Escalation, ManyRoundsAtOnceTakeEachStepOnce) {
    hand_over(300, "{billing}");
    hand_over(300, "{technical}");
    pass(sql(), 60);
    std::atomic<int> taken = 0;
    EXPECT_EQ(at_once(database(), 8,
                      [&](Session& session, int) {
                          while (
                              session.yes("SELECT EXISTS (SELECT 1 FROM hil.agent_queue WHERE status = "
                                          "'pending' AND next_step_at < clock_timestamp())"))
                              taken += session.number("SELECT (hil_tick() ->> 'escalated')::int");
                      }),
              std::vector<std::string>{});
    EXPECT_EQ(events(), 300 * 3 + 300 * 2);
    // Where a scheduler runs, it takes some of them.
    if (!preloaded()) {
        EXPECT_EQ(taken, events());
    }
    expect_each_step_once();
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.conversations WHERE status = 'back_to_ai'"), 300);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.agent_queue WHERE status = 'pending' AND priority = 3 "
                           "AND required_skills = '{accounts}' AND sla_breached_at IS NOT NULL"),
              300);
}

TEST_F(Escalation, BesideAgentsWhoTakeAndReturnTheEntries) {
    std::vector<std::string> agents;
    for (const char* name : {"Ada", "Bo", "Cy", "Di"})
        agents.push_back(add_agent(name, "{accounts,technical}", 3));
    for (const std::string& agent : agents) sql().query("SELECT hil_set_agent_status($1, 'away')", {agent});
    hand_over(100, "{billing}");
    hand_over(100, "{technical}");
    EXPECT_EQ(at_once(database(), 8,
                      [&](Session& session, int number) {
                          Dice dice(number);
                          for (int i = 0; i < 60; ++i) {
                              const std::string& agent = dice.one_of(agents);
                              switch (dice.below(4)) {
                                  case 0:
                                      pass(session, 1);
                                      break;
                                  case 1:
                                      session.query("SELECT hil_set_agent_status($1, $2)",
                                                    {agent, dice.below(2) == 0 ? "online" : "away"});
                                      break;
                                  case 2:
                                      // Between the look and the call somebody else may have had the same
                                      // idea.
                                      try {
                                          session.query(
                                              "SELECT hil_decline(conversation_id, $1) FROM "
                                              "hil_inbox($1) LIMIT 1",
                                              {agent});
                                      } catch (const SqlError& error) {
                                          if (error.sqlstate != "55000" && error.sqlstate != "42501") throw;
                                      }
                                      break;
                                  default:
                                      session.query("SELECT hil_tick()");
                              }
                          }
                      }),
              std::vector<std::string>{});
    EXPECT_GT(events(), 0);
    expect_each_step_once();
}

TEST_F(Escalation, AServerThatDiesTakesNoStepTwice) {
    constexpr int entries = 3000;
    hand_over(entries, "{billing}");
    pass(sql(), 60);
    std::atomic<int> known = 0;  // steps whose transactions are known to be committed
    std::jthread crash([&] {
        within_patience([&] { return known > 0; });
        cluster("stop-immediate");
    });
    EXPECT_EQ(at_once(database(), 2,
                      [&](Session& session, int) {
                          try {
                              while (known < entries * 3)
                                  known += session.number("SELECT (hil_tick() ->> 'escalated')::int");
                          } catch (const SqlError& error) {
                              if (!error.sqlstate.empty()) throw;  // only the loss of the server is expected
                          }
                      }),
              std::vector<std::string>{});
    crash.join();
    cluster("start");
    reconnect();
    const int before = events();
    EXPECT_GE(before, known);
    EXPECT_LT(before, entries * 3) << "the crash came too late to test anything";
    expect_each_step_once();
    EXPECT_TRUE(within_patience([&] {
        sql().query("SELECT hil_tick()");
        return events() >= entries * 3;
    }));
    EXPECT_EQ(events(), entries * 3);
    expect_each_step_once();
    std::cout << before << " steps before the crash, " << events() - before << " after it\n";
}

}  // namespace
}  // namespace hil::test
