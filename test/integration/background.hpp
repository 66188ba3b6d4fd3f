// Tests of the background workers. They need a server that has hil preloaded; on any other they are skipped.
#pragma once

#include "fixture.hpp"

namespace hil::test {

class Background : public LiveTest {
  protected:
    // A round every 50 ms.
    void SetUp() override;
    // Takes back what the test set for the whole server.
    void TearDown() override;

    // ALTER SYSTEM, and reload.
    void set(const std::string& setting, const std::string& value);
    void restart_server();
    void restart_with(const std::string& setting, const std::string& value);
    // Waits until a server that crashed takes connections again.
    void after_crash();

    // Process ids, as pg_stat_activity shows them; "" for none.
    std::string scheduler() { return scheduler_of(database()); }
    std::string scheduler_of(const std::string& database);
    std::string launcher();
    // Whether the signal that sets a waiting process's latch is on its way to a stopped process.
    static bool is_woken(const std::string& process);
    // Until the scheduler sleeps, and then keeps it from waking up; SIGCONT lets it.
    void stop_asleep(const std::string& process);

    // Until a scheduler, and another one than `before`, serves the database.
    testing::AssertionResult has_scheduler(const std::string& database, const std::string& before = "");
    testing::AssertionResult is_served(const std::string& before = "") {
        return has_scheduler(database(), before);
    }
    testing::AssertionResult has_no_scheduler(const std::string& database);
    // Until its scheduler has gone through its duties a few times.
    testing::AssertionResult several_rounds(const std::string& database);

    // A conversation that waits beside a free agent, as two transactions leave it that miss each other. No
    // commit wakes the scheduler for the agent.
    std::string missed_pair(int capacity = 5);

    // How many lines of the server's log, since the test began, contain the text.
    int logged(const std::string& text) const;

    // A session in no database of the test's.
    Session& server() { return *server_; }

  private:
    std::string log() const;

    std::unique_ptr<Session> server_;
    std::size_t log_begin_ = 0;
};

}  // namespace hil::test
