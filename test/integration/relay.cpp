// Events reach whoever asks or listens: all of them, each once in the sequence, in an order that never
// changes, whoever is killed meanwhile. With a scheduler it relays; without one the tests tick.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

#include "fixture.hpp"
#include "load.hpp"

namespace hil::test {
namespace {

class Relay : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        sql().query("SELECT hil_load_workflow($1)", {R"({"name": "w", "workflow": {"nodes": [
            {"id": "a", "agent": "x"}, {"id": "FINISH", "type": "sink", "action": "finish_conversation"}],
            "edges": [{"from": "a", "to": "FINISH"}]}})"});
    }

    static void tick(Session& session) { session.query("SELECT hil_tick()"); }

    // With a listener that does not read until it commits.
    void fill_notification_queue(Session& deaf) {
        deaf.listen("nothing");
        deaf.query("BEGIN");
        deaf.query("SELECT 1");
        // Some of these must succeed: nobody is told to read what a transaction that failed has left in the
        // queue.
        std::string refused;
        while (refused.empty()) try {
                sql().query(
                    "SELECT pg_notify('noise', rpad(n::text, 7990, 'x')) FROM generate_series(1, 20) n");
            } catch (const SqlError& error) {
                refused = error.sqlstate;
            }
        EXPECT_EQ(refused, "54000");
    }

    // Until nothing waits to be relayed or announced.
    testing::AssertionResult all_is_relayed() {
        const bool done = within_patience([&] {
            tick(sql());
            return sql().yes(
                "SELECT NOT EXISTS (SELECT 1 FROM hil.outbox) AND coalesce((SELECT max(seq) FROM "
                "hil.events), 0) "
                "= coalesce((SELECT max(seq) FROM hil.announced_through), 0)");
        });
        if (done) return testing::AssertionSuccess();
        return testing::AssertionFailure() << "events are left: " << complaints();
    }

    int newest() { return sql().number("SELECT coalesce(max(seq), 0) FROM hil.events"); }

    // A customer's message in a conversation of its own: two events.
    static std::string message(Session& session) {
        return session.one(
            "SELECT id FROM (SELECT gen_random_uuid() AS id OFFSET 0) c, hil_handle_message(id, 'Hello')");
    }

    static std::string messages_since(Session& session, int seq) {
        return session.one(
            "SELECT string_agg(conversation_id::text, ' ' ORDER BY seq) FROM hil_events_since($1) "
            "WHERE type = 'message'",
            {std::to_string(seq)});
    }

    // Ends the server's side of a session as if the machine had taken it: the server restarts itself, and all
    // others are cut off too.
    void kill_backend(int backend) {
        kill(backend, SIGKILL);
        EXPECT_TRUE(within_patience([&] {
            try {
                sql().query("SELECT 1");
                return false;
            } catch (const SqlError&) {
                return true;
            }
        }));
        reconnect();
    }
};

// Follows all events as a subscriber does: the last seq it has is all that it keeps.
class Follower {
  public:
    explicit Follower(const std::string& database) : session_(database) {}

    // Takes what there is beyond what it has.
    void follow() {
        for (const Row& row : session_.query(
                 "SELECT seq, conversation_id, payload ->> 'message_id' FROM hil_events_since($1, 100)",
                 {std::to_string(last_)})) {
            const int seq = std::stoi(*row[0]);
            EXPECT_EQ(seq, last_ + 1);
            last_ = seq;
            if (!row[2]) continue;
            const int message = std::stoi(*row[2]);
            EXPECT_TRUE(messages_.insert(message).second) << "message " << message << " twice";
            EXPECT_LT(std::exchange(last_message_[*row[1]], message), message) << "in " << *row[1];
        }
    }

    int last() const { return last_; }
    const std::set<int>& messages() const { return messages_; }

  private:
    Session session_;
    int last_ = 0;
    std::set<int> messages_;
    std::map<std::string, int> last_message_;  // by conversation
};

TEST_F(Relay, AListenerThatWasKilledCatchesUp) {
    auto listener = std::make_unique<Session>(connect());
    listener->listen("hil_events");
    message(sql());
    int heard = 0;
    ASSERT_TRUE(within_patience([&] {
        tick(sql());
        for (const Notification& notification : listener->notifications())
            heard = notification.payload["seq"].get<int>();
        return heard == 2;
    }));
    sql().query("SELECT pg_terminate_backend($1)", {std::to_string(listener->backend())});
    std::string missed = message(sql());
    missed += " " + message(sql());
    ASSERT_TRUE(all_is_relayed());
    EXPECT_THROW(listener->notifications(), SqlError);

    listener = std::make_unique<Session>(connect());
    EXPECT_EQ(messages_since(*listener, heard), missed);
    EXPECT_EQ(listener->number("SELECT min(seq) FROM hil_events_since($1)", {std::to_string(heard)}),
              heard + 1);
}

TEST_F(Relay, WhatCommitsLateComesLaterAndIsNotSkipped) {
    Session late = connect(), later = connect();
    late.query("BEGIN");
    const std::string late_message = message(late);
    later.query("BEGIN");
    later.query("SAVEPOINT s");
    const std::string rolled_back = message(later);
    later.query("ROLLBACK TO s");
    const std::string later_message = message(later);
    for (int round = 0; round < 5; ++round) {
        message(sql());
        ASSERT_TRUE(all_is_relayed());
    }
    const int before = newest();
    EXPECT_EQ(before, 10);
    EXPECT_EQ(messages_since(sql(), before), "");
    later.query("COMMIT");
    ASSERT_TRUE(all_is_relayed());
    EXPECT_EQ(messages_since(sql(), before), later_message);
    message(sql());
    ASSERT_TRUE(all_is_relayed());
    const int then = newest();
    late.query("COMMIT");
    ASSERT_TRUE(all_is_relayed());
    EXPECT_EQ(messages_since(sql(), then), late_message);
    EXPECT_EQ(newest(), 16);
}

TEST_F(Relay, ManyRelaysAtOnceMakeOneSequence) {
    constexpr int writers = 6, relays = 3, rounds = 60;
    std::atomic<int> writing = writers;
    Follower follower(database());
    const std::vector<std::string> errors =
        at_once(database(), writers + relays + 1, [&](Session& session, int number) {
            if (number >= writers + relays) {
                while (writing > 0) follower.follow();
                return;
            }
            if (number >= writers) {
                while (writing > 0) tick(session);
                return;
            }
            struct Leave {
                std::atomic<int>& writing;
                ~Leave() { --writing; }
            } leave{writing};
            Dice dice(number);
            const std::string conversation = session.one("SELECT gen_random_uuid()");
            for (int round = 0; round < rounds; ++round) {
                session.query("BEGIN");
                session.query("SELECT hil_handle_message($1, 'Hello')", {conversation});
                if (dice.below(3) == 0) message(session);
                session.query(dice.below(4) == 0 ? "ROLLBACK" : "COMMIT");
            }
        });
    EXPECT_EQ(errors, std::vector<std::string>{});
    ASSERT_TRUE(all_is_relayed());
    while (follower.last() < newest()) follower.follow();
    EXPECT_EQ(static_cast<int>(follower.messages().size()),
              sql().number("SELECT count(*) FROM hil.messages"));
    EXPECT_GT(follower.messages().size(), 100U);
}

// Killed with SIGKILL in the middle of either duty, by a trigger that holds it there.
class KilledRelay : public Relay, public testing::WithParamInterface<const char*> {};

TEST_P(KilledRelay, NothingIsLostAndNothingIsNumberedTwice) {
    message(sql());
    ASSERT_TRUE(all_is_relayed());
    Session gate = connect();
    gate.query("SELECT pg_advisory_lock(20, 16)");
    sql().query(
        "CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_advisory_xact_lock_shared(20, 16); RETURN NEW; END $$");
    sql().query(std::string("CREATE TRIGGER hold BEFORE INSERT ON hil.") + GetParam() +
                " FOR EACH ROW EXECUTE FUNCTION public.hold()");
    for (int number = 0; number < 5; ++number) message(sql());
    Session relay = connect();
    relay.send("SELECT hil_tick()");
    std::string held;
    ASSERT_TRUE(within_patience([&] {
        held = sql().one(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 16 LIMIT 1");
        return !held.empty();
    }));
    kill_backend(std::stoi(held));
    sql().query(std::string("DROP TRIGGER hold ON hil.") + GetParam());

    Session listener = connect();
    listener.listen("hil_events");
    for (int number = 0; number < 5; ++number) message(sql());
    ASSERT_TRUE(all_is_relayed());
    EXPECT_EQ(newest(), 22);
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.events e JOIN hil.messages m "
                           "ON m.id = (e.payload ->> 'message_id')::bigint WHERE e.type = 'message'"),
              11);
    const std::vector<Notification> heard = listener.notifications();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.back().payload["seq"], 22);
}

INSTANTIATE_TEST_SUITE_P(InTheMiddleOf, KilledRelay, testing::Values("events", "announced_through"),
                         [](const auto& info) { return std::string(info.param); });

// What was relayed and not announced when the relay ended is announced by the next one, and nothing else is.
TEST_F(Relay, WhatWasNotAnnouncedIsAnnouncedByTheNext) {
    Session listener = connect();
    const std::string told = message(sql());
    ASSERT_TRUE(all_is_relayed());
    sql().query(
        "INSERT INTO hil.outbox (type, conversation_id, payload, announced) VALUES "
        "('finished', $1, '{\"type\": \"finished\"}', true), ('resolved', $1, '{\"type\": \"resolved\"}', "
        "false)",
        {told});
    listener.listen("hil_conversation_" + told);
    ASSERT_TRUE(all_is_relayed());
    const std::vector<Notification> heard = listener.notifications();
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].payload, (Json{{"type", "resolved"}, {"seq", newest()}}));
}

// An announcement that fails takes nothing with it: what happened is relayed, customers go on, and it is
// repeated.
TEST_F(Relay, AnAnnouncementThatFailsIsRepeated) {
    Session listener = connect();
    listener.listen("hil_events");
    sql().query(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'not now'; END $$");
    sql().query(
        "CREATE TRIGGER refuse BEFORE INSERT ON hil.announced_through FOR EACH ROW EXECUTE FUNCTION "
        "public.refuse()");
    message(sql());
    EXPECT_TRUE(within_patience([&] {
        tick(sql());
        return newest() == 2;
    }));
    EXPECT_TRUE(listener.notifications().empty());
    message(sql());
    sql().query("DROP TRIGGER refuse ON hil.announced_through");
    ASSERT_TRUE(all_is_relayed());
    const std::vector<Notification> heard = listener.notifications();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.back().payload["seq"], 4);
}

// Where a scheduler runs, only it notifies. These need a server that has hil preloaded; on any other they are
// skipped.
class ScheduledRelay : public Relay {
  protected:
    void SetUp() override {
        Relay::SetUp();
        if (!preloaded()) GTEST_SKIP() << "hil is not preloaded";
        await_scheduler();
    }
    void TearDown() override {
        if (changed_) {
            sql().query("ALTER SYSTEM RESET ALL");
            sql().query("SELECT pg_reload_conf()");
        }
        Relay::TearDown();
    }

    void await_scheduler() {
        ASSERT_TRUE(within_patience([&] {
            return sql().yes(
                "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE backend_type = 'hil scheduler' "
                "AND datname = current_database()) AND detail ~ '^a scheduler runs here' FROM hil_doctor() "
                "WHERE check_name = 'time_driven_work'");
        }));
    }

    void set(const std::string& setting, const std::string& value) {
        changed_ = true;
        sql().query("ALTER SYSTEM SET " + setting + " = '" + value + "'");
        sql().query("SELECT pg_reload_conf()");
    }

  private:
    bool changed_ = false;
};

TEST_F(ScheduledRelay, AnnouncesWithTheSeq) {
    Session listener = connect();
    const std::string conversation = message(sql());
    ASSERT_TRUE(all_is_announced());
    for (const std::string& channel : {"hil_conversation_" + conversation, std::string("hil_events")})
        listener.listen(channel);
    sql().query("SELECT hil_handle_message($1, 'Hello again')", {conversation});
    std::vector<Notification> heard;
    ASSERT_TRUE(within_patience([&] {
        for (Notification& notification : listener.notifications()) heard.push_back(notification);
        return heard.size() >= 2;
    }));
    EXPECT_EQ(heard[0].payload["type"], "message");
    EXPECT_EQ(heard[0].payload["seq"], 3);
    EXPECT_EQ(heard[1].payload, (Json{{"seq", newest()}}));
    EXPECT_EQ(sql().number("SELECT count(*) FROM hil.events WHERE announced"), 0);
}

// A commit that notifies takes one lock for the whole server. Somebody holds it here, waiting for a standby
// that is not there; whoever tried to take it would fail after a second.
TEST_F(ScheduledRelay, NoCustomerWaitsForTheLockOfNotify) {
    const int before = newest();
    sql().query("CREATE TABLE public.written (n int)");
    set("synchronous_standby_names", "nobody");
    Session holder = connect();
    holder.send("INSERT INTO public.written SELECT 1 FROM (SELECT pg_notify('elsewhere', '')) n");
    Session customer = connect();
    customer.query("SET synchronous_commit = local");
    ASSERT_TRUE(within_patience([&] {
        return customer.yes(
            "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.granted "
            "AND l.classid = 'pg_database'::regclass AND l.objid = 0 AND l.pid = $1 AND wait_event = "
            "'SyncRep')",
            {std::to_string(holder.backend())});
    }));
    customer.query("SET lock_timeout = '1 s'");
    for (int number = 0; number < 10; ++number) message(customer);
    customer.query("ALTER SYSTEM RESET synchronous_standby_names");
    customer.query("SELECT pg_reload_conf()");
    holder.finish();
    ASSERT_TRUE(all_is_announced());
    EXPECT_EQ(newest(), before + 20);
}

// The queue of notifications is full, since somebody listens and does not read. Servers from 17 can have a
// small queue; before, it takes 8 GB to fill it, which is done where HIL_TEST_FULL_QUEUE is set.
TEST_F(ScheduledRelay, AFullNotificationQueueStopsNoCustomer) {
    if (sql().number("SHOW server_version_num") >= 170000) {
        restart_with("max_notify_queue_pages", "64");
        await_scheduler();
    } else if (std::getenv("HIL_TEST_FULL_QUEUE") == nullptr) {
        GTEST_SKIP() << "fills 8 GB";
    }
    Session deaf = connect();
    fill_notification_queue(deaf);

    const int before = newest();
    for (int number = 0; number < 10; ++number) message(sql());
    ASSERT_TRUE(within_patience([&] { return newest() == before + 20; }));
    EXPECT_EQ(sql().number("SELECT coalesce(max(seq), 0) FROM hil.announced_through"), before);
    deaf.query("COMMIT");
    ASSERT_TRUE(all_is_announced());
}

// Without a scheduler every call notifies by itself, and fails; but not for longer than the queue is full.
TEST_F(Relay, CallsGoOnOnceAFullNotificationQueueIsRead) {
    if (preloaded()) GTEST_SKIP() << "a scheduler notifies";
    if (sql().number("SHOW server_version_num") < 170000) GTEST_SKIP() << "fills 8 GB";
    restart_with("max_notify_queue_pages", "64");
    Session deaf = connect();
    fill_notification_queue(deaf);
    EXPECT_THROW(message(sql()), SqlError);
    deaf.query("COMMIT");
    EXPECT_TRUE(within_patience([&] {
        tick(sql());
        try {
            message(sql());
            return true;
        } catch (const SqlError&) {
            return false;
        }
    }));
}

}  // namespace
}  // namespace hil::test
