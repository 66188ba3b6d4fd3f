// Tools that are functions of the database.
#include "../unit/task_support.hpp"
#include "fixture.hpp"
#include "tools/sql_tool.hpp"

namespace hil::test {
namespace {

using worker::CallContext;
using worker::run_task;
using worker::SqlPool;
using worker::SqlTool;
using worker::SqlToolConfig;
using worker::ToolOutcome;

class ToolsSql : public LiveTest {
  protected:
    void SetUp() override {
        LiveTest::SetUp();
        sql().query("CREATE SCHEMA shop");
        sql().query("CREATE TABLE shop.refunds (order_id text, key text)");
        sql().query(
            "CREATE FUNCTION shop.refund(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql AS $$ "
            "INSERT INTO shop.refunds VALUES (arguments ->> 'order_id', call ->> 'idempotency_key') "
            "RETURNING jsonb_build_object('refunded', order_id) $$");
        config_.name = "shop.refund";
        config_.function = "shop.refund";
        config_.read_only = false;
        pool_ = std::make_shared<SqlPool>(threads_, "postgresql:///" + database(), 1);
    }

    ToolOutcome call(const Json& arguments = {{"order_id", "17"}}) {
        SqlTool tool(config_, pool_);
        return run_task(threads_, tool.call(arguments, context_));
    }

    // A run that a worker holds, and that has written down the call.
    void begin_run() {
        load(support_workflow);
        context_.conversation_id = new_id();
        says(context_.conversation_id, "Please refund order 17");
        context_.run_id = sql().number("SELECT run_id FROM hil_claim_runs('tester')");
        context_.attempt = 1;
        context_.node = "handle_with_ai";
        context_.call = 1;
        context_.idempotency_key = "hil-1-handle_with_ai-1";
        sql().query(
            "SELECT hil_record_calls($1, 1, 'handle_with_ai', "
            "'[{\"call\": 1, \"turn\": 1, \"tool\": \"shop.refund\", \"arguments\": {}, \"message\": {}}]')",
            {std::to_string(context_.run_id)});
    }

    std::string recorded() {
        return sql().one(
            "SELECT concat_ws(' ', result, is_error, duration_ms IS NOT NULL) FROM hil.run_calls");
    }

    int refunds() { return sql().number("SELECT count(*) FROM shop.refunds"); }

    worker::Threads threads_{2};
    std::shared_ptr<SqlPool> pool_;
    SqlToolConfig config_;
    CallContext context_;
};

TEST_F(ToolsSql, WhatItWroteAndItsRecordAreOneCommit) {
    begin_run();
    const ToolOutcome outcome = call();
    EXPECT_FALSE(outcome.is_error) << outcome.text;
    EXPECT_TRUE(outcome.recorded);
    EXPECT_EQ(Json::parse(outcome.text), (Json{{"refunded", "17"}}));
    EXPECT_EQ(recorded(), "{\"refunded\": \"17\"} f t");
    EXPECT_EQ(sql().one("SELECT key FROM shop.refunds"), "hil-1-handle_with_ai-1");
}

TEST_F(ToolsSql, NothingIsDoneForARunThatIsOver) {
    begin_run();
    sql().query("SELECT hil_handover($1, 'taken away')", {context_.conversation_id});
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
    EXPECT_EQ(refunds(), 0);
}

TEST_F(ToolsSql, AFunctionThatFailsIsToldToTheModelAndLeavesNothing) {
    begin_run();
    sql().query(
        "CREATE OR REPLACE FUNCTION shop.refund(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE plpgsql "
        "AS "
        "$$ BEGIN INSERT INTO shop.refunds VALUES ('17', 'x'); RAISE EXCEPTION 'order 17 was refunded "
        "already'; "
        "END $$");
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.is_error);
    EXPECT_FALSE(outcome.recorded);
    EXPECT_EQ(outcome.text, "error: P0001 order 17 was refunded already");
    EXPECT_EQ(refunds(), 0);
    // The connection serves the next call.
    config_.function = "shop.nothing";
    EXPECT_EQ(call().text, "error: there is no function shop.nothing(jsonb, jsonb)");
}

TEST_F(ToolsSql, AReadingToolCannotWrite) {
    config_.read_only = true;
    sql().query(
        "CREATE FUNCTION shop.session(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql STABLE AS "
        "$$ SELECT to_jsonb(pg_backend_pid()) $$");
    config_.function = "shop.session";
    const std::string session = call().text;
    config_.function = "shop.refund";
    const ToolOutcome refused = call();
    EXPECT_TRUE(refused.is_error);
    EXPECT_TRUE(refused.text.starts_with("error: 25006 ")) << refused.text;
    config_.function = "shop.session";
    EXPECT_EQ(call().text, session) << "the connection stays";
    sql().query(
        "CREATE FUNCTION shop.look(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql STABLE AS "
        "$$ SELECT jsonb_build_object('order', arguments ->> 'order_id') $$");
    config_.function = "shop.look";
    const ToolOutcome outcome = call();
    EXPECT_FALSE(outcome.is_error) << outcome.text;
    EXPECT_FALSE(outcome.recorded);
    EXPECT_EQ(Json::parse(outcome.text), (Json{{"order", "17"}}));
}

TEST_F(ToolsSql, WhatAServerThatOnlyReadsRefusesHadNoEffect) {
    sql().query("ALTER DATABASE " + database() + " SET default_transaction_read_only = on");
    const ToolOutcome refused = call();
    EXPECT_TRUE(refused.is_error);
    EXPECT_TRUE(refused.text.starts_with("error: 25006 ")) << refused.text;
    EXPECT_EQ(refunds(), 0);
}

TEST_F(ToolsSql, ASlowFunctionIsEnded) {
    sql().query(
        "CREATE FUNCTION shop.slow(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql AS "
        "$$ SELECT to_jsonb(pg_sleep(600)::text) $$");
    config_.function = "shop.slow";
    config_.read_only = true;
    config_.timeout = std::chrono::seconds(1);
    const ToolOutcome outcome = call();
    EXPECT_TRUE(outcome.text.starts_with("error: 57014 ")) << outcome.text;
}

TEST_F(ToolsSql, ALostConnectionIsOpenedAgain) {
    sql().query(
        "CREATE FUNCTION shop.die(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql AS "
        "$$ SELECT to_jsonb(pg_terminate_backend(pg_backend_pid())) $$");
    sql().query(
        "CREATE FUNCTION shop.look(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT "
        "'1'::jsonb $$");
    config_.read_only = true;
    config_.function = "shop.die";
    EXPECT_NE(call().text.find("not known whether"), std::string::npos);
    config_.function = "shop.look";
    EXPECT_EQ(call().text, "1");
}

// As after a restart of the server, or of what is between.
TEST_F(ToolsSql, AnIdleConnectionThatWasLostCostsNoCall) {
    begin_run();
    config_.read_only = true;
    config_.function = "shop.look";
    sql().query(
        "CREATE FUNCTION shop.look(arguments jsonb, call jsonb) RETURNS jsonb LANGUAGE sql AS "
        "$$ SELECT to_jsonb(pg_backend_pid()) $$");
    const std::string first = call().text;
    ASSERT_EQ(sql().one("SELECT pg_terminate_backend($1::int, 60000)", {first}), "t");
    config_.read_only = false;
    config_.function = "shop.refund";
    const ToolOutcome outcome = call();
    EXPECT_FALSE(outcome.is_error) << outcome.text;
    EXPECT_TRUE(outcome.recorded);
    EXPECT_EQ(refunds(), 1);
}

}  // namespace
}  // namespace hil::test
