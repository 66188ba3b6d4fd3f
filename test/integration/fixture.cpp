#include "fixture.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace hil::test {
namespace {

std::map<std::string, std::string> url_of(const std::string& database) {
    return {{"HIL_DATABASE_URL", "postgresql:///" + database}};
}

}  // namespace

void LiveTest::SetUp() {
    ASSERT_NE(std::getenv("HIL_CLUSTER"), nullptr) << "run this program within test/with-cluster";
    use_new_database();
    sql().query("CREATE EXTENSION hil");
    char folder[] = "/tmp/hil-test.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
}

void LiveTest::TearDown() {
    if (sql_ == nullptr) return;
    for (const auto& worker : workers_) worker->resume();
    if (HasFailure()) {
        for (const auto& worker : workers_) std::cerr << "--- a worker's log:\n" << worker->output();
    }
    workers_.clear();
    sql().query("SELECT hil_tick()");
    EXPECT_EQ(complaints(), "");
    drop_database();
    std::filesystem::remove_all(folder_);
    if (settings_to_reset_.empty()) return;
    Session server("postgres");
    for (const std::string& setting : settings_to_reset_) server.query("ALTER SYSTEM RESET " + setting);
    cluster("restart");
}

void LiveTest::use_new_database() {
    static int count = 0;
    database_ = "live_test_" + std::to_string(++count);
    Session("postgres").query("CREATE DATABASE " + database_);
    sql_ = std::make_unique<Session>(database_);
}

void LiveTest::drop_database() {
    sql_.reset();
    Session("postgres").query("DROP DATABASE " + database_ + " WITH (FORCE)");
}

void LiveTest::restore_into_another_database() {
    const std::string dump = folder_ / "dump";
    run({"pg_dump", "--format=custom", "--file=" + dump, database_});
    drop_database();
    use_new_database();
    run({"pg_restore", "--exit-on-error", "--single-transaction", "--dbname=" + database_, dump});
}

void LiveTest::reconnect() {
    EXPECT_TRUE(within_patience([&] {
        try {
            sql_ = std::make_unique<Session>(database_);
            return true;
        } catch (const SqlError&) {
            return false;
        }
    }));
}

void LiveTest::restart_with(const std::string& setting, const std::string& value) {
    sql().query("ALTER SYSTEM SET " + setting + " = '" + value + "'");
    settings_to_reset_.push_back(setting);
    cluster("restart");
    reconnect();
}

void LiveTest::load(const std::string& workflow_file) const {
    run({worker_program, "load", workflow_file}, url_of(database_));
}

void LiveTest::load_text(const std::string& yaml) const { load(file("workflow.yaml", yaml)); }

Process& LiveTest::start_worker(const WorkerSettings& settings) {
    const std::string number = std::to_string(workers_.size());
    std::ostringstream config;
    config << "worker: " << settings.name << "\nlease_seconds: " << settings.lease_seconds
           << "\nconcurrency: " << settings.concurrency << "\ntick_seconds: " << settings.tick_seconds
           << "\npoll_seconds: " << settings.poll_seconds << "\ndrain_seconds: " << settings.drain_seconds
           << "\n"
           << settings.more;
    std::map<std::string, std::string> environment = settings.environment;
    environment.merge(url_of(database_));
    environment["PGUSER"] = settings.role;
    workers_.push_back(
        std::make_unique<Process>(std::vector<std::string>{worker_program, "run", "--config",
                                                           file("worker-" + number + ".yaml", config.str())},
                                  environment, folder_ / ("worker-" + number + ".log")));
    return *workers_.back();
}

std::string LiveTest::file(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path;
}

Json LiveTest::says(const std::string& conversation, const std::string& text) {
    return sql().json("SELECT hil_handle_message($1, $2)", {conversation, text});
}

Json LiveTest::look(const std::string& conversation) {
    return sql().json("SELECT hil_conversation($1)", {conversation});
}

std::string LiveTest::status(const std::string& conversation) {
    return sql().one("SELECT status FROM hil.conversations WHERE id = $1", {conversation});
}

testing::AssertionResult LiveTest::reaches(const std::string& conversation, const std::string& wanted) {
    if (within_patience([&] { return status(conversation) == wanted; })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "is still " << status(conversation) << " and not " << wanted;
}

std::string LiveTest::add_agent(const std::string& name, const std::string& skills, int capacity) {
    std::string id =
        sql().one("SELECT hil_add_agent($1::text, $1::text || '@example.com', $2::text[], $3::int)",
                  {name, skills, std::to_string(capacity)});
    sql().query("SELECT hil_set_agent_status($1, 'online')", {id});
    return id;
}

std::string LiveTest::steps(const std::string& conversation) {
    return sql().one(
        "SELECT string_agg(node, ' ' ORDER BY run_id, step_number) FROM hil.run_steps WHERE conversation_id "
        "= $1",
        {conversation});
}

std::vector<std::string> LiveTest::said(const std::string& conversation, const std::string& sender_type) {
    return sql().list(
        "SELECT content FROM hil.messages WHERE conversation_id = $1 AND sender_type = $2 ORDER BY id",
        {conversation, sender_type});
}

testing::AssertionResult LiveTest::all_is_announced() {
    const bool done = !preloaded() || within_patience([&] {
        return sql().yes(
            "SELECT NOT EXISTS (SELECT 1 FROM hil.outbox) AND coalesce((SELECT max(seq) FROM hil.events), 0) "
            "= "
            "coalesce((SELECT max(seq) FROM hil.announced_through), 0)");
    });
    if (done) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the scheduler does not announce: " << complaints();
}

std::string LiveTest::complaints() {
    return sql().one(
        "SELECT string_agg(check_name || ': ' || detail, E'\\n') FROM hil_doctor() WHERE NOT ok");
}

Gate::Gate(const std::string& database, const std::string& node) : session_(database) {
    session_.query("CREATE TABLE public.step_reports (node text)");
    session_.query(
        "CREATE FUNCTION public.gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO public.step_reports VALUES (NEW.node); "
        "IF NEW.node = TG_ARGV[0] THEN PERFORM pg_advisory_xact_lock_shared(20, 15); END IF; "
        "RETURN NEW; END $$");
    session_.query(
        "CREATE TRIGGER gate BEFORE INSERT ON hil.run_steps FOR EACH ROW "
        "EXECUTE FUNCTION public.gate('" +
        node + "')");
    session_.query("SELECT pg_advisory_lock(20, 15)");
}

testing::AssertionResult Gate::somebody_waits(int count) {
    const auto waiting = [&] {
        return session_.number(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())");
    };
    if (within_patience([&] { return waiting() == count; })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << waiting() << " and not " << count << " reports wait at the gate";
}

void Gate::open() { session_.query("SELECT pg_advisory_unlock(20, 15)"); }

int Gate::reports(const std::string& node) {
    return session_.number("SELECT count(*) FROM public.step_reports WHERE node = $1", {node});
}

}  // namespace hil::test
