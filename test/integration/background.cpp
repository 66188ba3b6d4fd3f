#include "background.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace hil::test {

void Background::SetUp() {
    server_ = std::make_unique<Session>("postgres");
    if (server().one("SHOW shared_preload_libraries") != "hil")
        GTEST_SKIP() << "the server has not preloaded hil: test/with-cluster -o shared_preload_libraries=hil";
    log_begin_ = log().size();
    LiveTest::SetUp();
    set("hil.naptime", "50ms");
}

void Background::TearDown() {
    if (IsSkipped()) return;
    LiveTest::TearDown();
    server_ = std::make_unique<Session>("postgres");
    server().query("ALTER SYSTEM RESET ALL");
    server().query("SELECT pg_reload_conf()");
}

void Background::set(const std::string& setting, const std::string& value) {
    server().query("ALTER SYSTEM SET " + setting + " = '" + value + "'");
    server().query("SELECT pg_reload_conf()");
}

void Background::restart_server() {
    cluster("restart");
    server_ = std::make_unique<Session>("postgres");
    reconnect();
}

void Background::restart_with(const std::string& setting, const std::string& value) {
    LiveTest::restart_with(setting, value);
    server_ = std::make_unique<Session>("postgres");
}

void Background::after_crash() {
    const auto lost = [](Session& session) {
        return within_patience([&] {
            try {
                session.query("SELECT 1");
                return false;
            } catch (const SqlError&) {
                return true;
            }
        });
    };
    ASSERT_TRUE(lost(sql()) && lost(server()));
    ASSERT_TRUE(within_patience([&] {
        try {
            server_ = std::make_unique<Session>("postgres");
            return true;
        } catch (const SqlError&) {
            return false;
        }
    }));
    reconnect();
}

std::string Background::scheduler_of(const std::string& database) {
    return server().one(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'hil scheduler' AND datname = $1", {database});
}

std::string Background::launcher() {
    return server().one("SELECT pid FROM pg_stat_activity WHERE backend_type = 'hil launcher'");
}

testing::AssertionResult Background::has_scheduler(const std::string& database, const std::string& before) {
    Session there(database);
    const auto served = [&] {
        const std::string now = scheduler_of(database);
        return !now.empty() && now != before &&
               there.yes(
                   "SELECT detail LIKE 'a scheduler runs here%' FROM hil_doctor() "
                   "WHERE check_name = 'time_driven_work'");
    };
    if (within_patience(served)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no scheduler for " << database << " but " << scheduler_of(database)
                                       << ", which was " << before;
}

testing::AssertionResult Background::has_no_scheduler(const std::string& database) {
    if (within_patience([&] { return scheduler_of(database).empty(); })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "a scheduler of " << database << " goes on";
}

testing::AssertionResult Background::several_rounds(const std::string& database) {
    int transactions = 0;
    std::string before;
    const auto have_passed = [&] {
        const std::string now = server().one(
            "SELECT extract(epoch FROM query_start)::text FROM pg_stat_activity WHERE backend_type = 'hil "
            "scheduler' AND datname = $1",
            {database});
        if (now != before) ++transactions;
        before = now;
        return transactions > 40;  // of which a round has about a dozen
    };
    if (within_patience(have_passed)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the scheduler of " << database << " does nothing";
}

bool Background::is_woken(const std::string& process) {
    std::ifstream status("/proc/" + process + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("ShdPnd:", 0) == 0)
            return (std::stoull(line.substr(7), nullptr, 16) >> (SIGURG - 1) & 1) != 0;
    return false;
}

void Background::stop_asleep(const std::string& process) {
    const auto sleeps = [&] {
        return server().yes(
            "SELECT wait_event IS NOT NULL AND state = 'idle' FROM pg_stat_activity WHERE pid = $1",
            {process});
    };
    ASSERT_TRUE(within_patience([&] {
        if (!sleeps()) return false;
        kill(std::stoi(process), SIGSTOP);
        if (sleeps() && !is_woken(process)) return true;
        kill(std::stoi(process), SIGCONT);
        return false;
    }));
}

std::string Background::missed_pair(int capacity) {
    const std::string agent = sql().one("SELECT hil_add_agent('Missed', 'missed@example.com', '{}', $1)",
                                        {std::to_string(capacity)});
    std::string conversation = new_id();
    sql().query("SELECT hil_create_conversation($1)", {conversation});
    sql().query("SELECT hil_handover($1, 'to be missed')", {conversation});
    sql().query("UPDATE hil.human_agents SET status = 'online' WHERE id = $1", {agent});
    return conversation;
}

std::string Background::log() const {
    std::ifstream file(std::string(std::getenv("HIL_CLUSTER")) + "/log");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

int Background::logged(const std::string& text) const {
    std::istringstream lines(log().substr(log_begin_));
    int count = 0;
    for (std::string line; std::getline(lines, line);)
        if (line.find(text) != std::string::npos) ++count;
    return count;
}

}  // namespace hil::test
