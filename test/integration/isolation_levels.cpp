// Two sessions, step by step: what one decides on an old snapshot, and what neither waits for.
#include <functional>

#include "fixture.hpp"

namespace hil::test {
namespace {

using Texts = std::vector<std::string>;

constexpr auto serialization_failure = "40001";

// The SQLSTATE with which `work` fails; "" where it does not.
std::string failure(const std::function<void()>& work) {
    try {
        work();
        return "";
    } catch (const SqlError& error) {
        return error.sqlstate;
    }
}

class IsolationLevels : public LiveTest, public testing::WithParamInterface<const char*> {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load(support_workflow);
    }

    // Opens a transaction that sees nothing of what others commit from here on.
    void begin_with_snapshot(Session& session) {
        session.query(std::string("BEGIN ISOLATION LEVEL ") + GetParam());
        session.query("SELECT count(*) FROM hil.messages");
    }

    // The runs that were claimed as `worker`, in the order of their ids.
    Texts claim(int count, const std::string& worker) {
        return sql().list("SELECT run_id FROM hil_claim_runs($1, $2) ORDER BY 1",
                          {worker, std::to_string(count)});
    }
};

const std::string complete =
    "SELECT hil_complete_run($1, 1, '{\"sink\": \"FINISH\", \"config\": {\"response\": \"Bye.\"}}')";

TEST_P(IsolationLevels, ARunIsNotCompletedWithoutAMessageThatItDoesNotSee) {
    const std::string id = new_id();
    says(id, "Where is my order?");
    const Value run = claim(1, "one").at(0);
    Session worker = connect();
    begin_with_snapshot(worker);
    says(id, "And where is my refund?");
    EXPECT_EQ(failure([&] { worker.query(complete, {run}); }), serialization_failure);
    worker.query("ROLLBACK");
    EXPECT_EQ(status(id), "ai_processing");
    EXPECT_EQ(said(id, "ai"), Texts{});

    // Sent again, as 40001 asks for, it is taken, and the second message gets a run of its own.
    EXPECT_EQ(worker.json(complete, {run})["status"], "ai_processing");
    EXPECT_EQ(sql().one("SELECT input ->> 'customer_message' FROM hil_claim_runs('one')"),
              "And where is my refund?");
}

TEST_P(IsolationLevels, AConversationIsNotGivenUpWithoutAMessageThatItDoesNotSee) {
    const std::string id = new_id();
    says(id, "escalate");
    for (const std::string give_up : {"SELECT hil_back_to_ai($1)", "SELECT hil_cancel($1)"}) {
        Session system = connect();
        begin_with_snapshot(system);
        says(id, "Are you there?");
        EXPECT_EQ(failure([&] { system.query(give_up, {id}); }), serialization_failure) << give_up;
        system.query("ROLLBACK");
        EXPECT_EQ(status(id), "pending_human");
    }
    EXPECT_EQ(sql().json("SELECT hil_back_to_ai($1)", {id})["status"], "ai_processing");
    EXPECT_EQ(sql().one("SELECT input ->> 'customer_message' FROM hil_claim_runs('one')"),
              "escalate\nAre you there?\nAre you there?");
}

TEST_P(IsolationLevels, AnAgentDoesNotResolveWithoutAMessageThatTheyDoNotSee) {
    const std::string agent = add_agent("Ada");
    const std::string id = new_id();
    says(id, "escalate");
    for (const std::string finish :
         {"SELECT hil_resolve($1, 'done', $2)", "SELECT hil_back_to_ai($1, NULL, $2)"}) {
        Session desk = connect();
        begin_with_snapshot(desk);
        says(id, "One more thing.");
        EXPECT_EQ(failure([&] { desk.query(finish, {id, agent}); }), serialization_failure) << finish;
        desk.query("ROLLBACK");
        EXPECT_EQ(status(id), "human_active");
    }
}

TEST_P(IsolationLevels, ARepeatedMessageGetsTheFirstAnswerOrASerializationFailure) {
    const std::string known = new_id();
    says(known, "Hello");
    for (const std::string& id : {known, new_id()}) {
        const std::string send =
            "SELECT hil_handle_message($1, 'Where is my order?', idempotency_key => 'once')";
        Session first = connect();
        first.query("BEGIN");
        const Json answer = first.json(send, {id});
        Session again = connect();
        again.query(std::string("BEGIN ISOLATION LEVEL ") + GetParam());
        again.send(send, {id});
        ASSERT_TRUE(within_patience([&] {
            return sql().yes("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1",
                             {std::to_string(again.backend())});
        }));
        first.query("COMMIT");
        EXPECT_EQ(failure([&] { again.finish(); }), serialization_failure);
        again.query("ROLLBACK");
        EXPECT_EQ(again.json(send, {id}), answer);
    }
}

INSTANTIATE_TEST_SUITE_P(All, IsolationLevels, testing::Values("REPEATABLE READ", "SERIALIZABLE"),
                         [](const auto& level) {
                             return std::string(level.index == 0 ? "RepeatableRead" : "Serializable");
                         });

// A tick and a worker that renews late meet at the runs whose leases are over. Whichever of them has a run
// first, the other passes it by: neither waits, so they cannot wait for each other.
class LateRenewal : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        load(support_workflow);
        sql().query("SELECT hil_handle_message(gen_random_uuid(), 'Hello') FROM generate_series(1, 2)");
        const Texts runs = sql().list("SELECT run_id FROM hil_claim_runs('late', 2) ORDER BY 1");
        ASSERT_EQ(runs.size(), 2U);
        earlier = runs[0];
        later = runs[1];
        // The lease of the later run ended first, so a tick goes through them in the opposite order.
        sql().query(
            "UPDATE hil.runs SET lease_until = now() - CASE WHEN id = $1 THEN interval '1 s' ELSE interval "
            "'2 s' END",
            {earlier});
    }

    Texts renew(Session& worker) {
        return worker.list("SELECT unnest(hil_renew_runs('late', ARRAY[$1, $2]::bigint[])) ORDER BY 1",
                           {earlier, later});
    }
    int expire(Session& ticker) { return ticker.number("SELECT hil_tick() ->> 'leases_expired'"); }

    std::string earlier, later;
};

TEST_F(LateRenewal, TheTickPassesByWhatTheWorkerHas) {
    Session worker = connect();
    worker.query("BEGIN");
    worker.query("SELECT FROM hil.runs WHERE id = $1 FOR NO KEY UPDATE", {earlier});
    EXPECT_EQ(expire(sql()), 1);
    EXPECT_EQ(renew(worker), Texts{earlier});
    worker.query("COMMIT");
    EXPECT_EQ(sql().one("SELECT status FROM hil.runs WHERE id = $1", {earlier}), "running");
    EXPECT_EQ(sql().one("SELECT status FROM hil.runs WHERE id = $1", {later}), "queued");
}

TEST_F(LateRenewal, TheWorkerPassesByWhatTheTickHas) {
    Session ticker = connect();
    ticker.query("BEGIN");
    EXPECT_EQ(expire(ticker), 2);
    renew(sql());  // not known yet whether the tick keeps them
    ticker.query("COMMIT");
    EXPECT_EQ(renew(sql()), Texts{});
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.runs WHERE status = 'queued'"), 2);
}

class Purge : public LiveTest {};

// What nobody holds is purged, the rest is left for the next purge.
TEST_F(Purge, LeavesConversationsThatSomebodyHolds) {
    Texts ids;
    for (int i = 0; i < 3; ++i) {
        ids.push_back(new_id());
        sql().query("SELECT hil_create_conversation($1)", {ids.back()});
        sql().query("SELECT hil_handover($1, 'x')", {ids.back()});
        sql().query("SELECT hil_cancel($1)", {ids.back()});
    }
    Session holder = connect();
    holder.query("BEGIN");
    holder.query("SELECT hil_rate($1, 5)", {ids[1]});
    EXPECT_EQ(sql().number("SELECT hil_purge('0')"), 2);
    holder.query("COMMIT");
    EXPECT_EQ(sql().list("SELECT id FROM hil.conversations"), Texts{ids[1]});
    EXPECT_EQ(sql().number("SELECT hil_purge('0')"), 1);
}

}  // namespace
}  // namespace hil::test
