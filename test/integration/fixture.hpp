// A test with a database, workers and conversations of its own, on the server of test/with-cluster.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "patience.hpp"
#include "process.hpp"
#include "session.hpp"

namespace hil::test {

inline const std::string worker_program = HIL_SOURCE_DIR "/build/hil-worker";
inline const std::string support_workflow = HIL_SOURCE_DIR "/worker/workflows/customer_support_hil.yaml";

// Those of the worker's configuration that matter to tests. Everything that a test must wait for is short.
struct WorkerSettings {
    double lease_seconds = 60;
    double tick_seconds = 0.1;
    double poll_seconds = 0.2;
    double drain_seconds = 60;
    int concurrency = 4;
    std::string name = "tester";
    std::string role = "postgres";  // the database role as which it works
    std::string more = {};          // further keys of the configuration, as YAML
    std::map<std::string, std::string> environment = {};
};

// Each test begins with an empty database with the extension, and must leave it such that hil_tick() and then
// hil_doctor() find nothing wrong.
class LiveTest : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

    const std::string& database() const { return database_; }
    Session connect() const { return Session(database_); }
    Session& sql() { return *sql_; }

    // After the server was stopped and started.
    void reconnect();
    // Sets what the server reads at its start, until the end of the test.
    void restart_with(const std::string& setting, const std::string& value);

    // By pg_dump and pg_restore; the test goes on in the other database, and the first is dropped.
    void restore_into_another_database();

    // By `hil-worker load`. Throws what it printed where it refuses.
    void load(const std::string& workflow_file) const;
    // The same with a workflow that the test writes.
    void load_text(const std::string& yaml) const;

    Process& start_worker(const WorkerSettings& settings = {});

    // Writes a file that goes with the test, and returns its path.
    std::string file(const std::string& name, const std::string& text) const;

    std::string new_id() { return sql().one("SELECT gen_random_uuid()"); }

    // A customer's message, in a conversation that may be new.
    Json says(const std::string& conversation, const std::string& text);

    // The whole conversation, by hil_conversation.
    Json look(const std::string& conversation);
    std::string status(const std::string& conversation);
    testing::AssertionResult reaches(const std::string& conversation, const std::string& status);

    // An agent who is online.
    std::string add_agent(const std::string& name, const std::string& skills = "{}", int capacity = 5);

    // The nodes whose steps are recorded for the conversation, in order, as "a b c".
    std::string steps(const std::string& conversation);
    // The contents of the messages of one kind of sender, in order.
    std::vector<std::string> said(const std::string& conversation, const std::string& sender_type);

    // Lets a failed run be claimed again now and not after its backoff.
    void skip_backoff() {
        sql().query("UPDATE hil.runs SET run_after = clock_timestamp() WHERE status = 'queued'");
    }

    // Whether the server has hil preloaded, so that a scheduler runs for the database.
    bool preloaded() { return sql().yes("SELECT current_setting('shared_preload_libraries') ~ 'hil'"); }

    // Until everybody is told of all that is committed. Without a scheduler the transactions do it
    // themselves.
    testing::AssertionResult all_is_announced();

    // Names and details of the checks of hil_doctor that are not true.
    std::string complaints();

    // Runs test/cluster-ctl.
    static void cluster(const std::string& command) { run({HIL_SOURCE_DIR "/test/cluster-ctl", command}); }

  private:
    void use_new_database();
    void drop_database();

    std::string database_;
    std::unique_ptr<Session> sql_;
    std::filesystem::path folder_;
    std::vector<std::unique_ptr<Process>> workers_;
    std::vector<std::string> settings_to_reset_;
};

// Holds up the report of one node's step in the middle of its transaction, for as long as the test likes, and
// keeps count of the reports that were committed.
class Gate {
  public:
    // Closed from the start.
    Gate(const std::string& database, const std::string& node);

    // Until so many reports of workers stand before the gate.
    testing::AssertionResult somebody_waits(int count = 1);
    void open();

    // How often a step of that node was reported, in committed transactions, over all attempts of all runs.
    int reports(const std::string& node);

  private:
    Session session_;
};

}  // namespace hil::test
