#include "scheduler.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace hil::bench {
namespace {

const char* const own =
    "SELECT pid, xact_start IS NULL AND wait_event_type = 'Extension' FROM pg_stat_activity "
    "WHERE backend_type = 'hil scheduler' AND datname = current_database()";

void pause_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

// The state of a process as in /proc/PID/stat: T where it is stopped.
char state_of(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    std::getline(file, line);
    return line.at(line.rfind(')') + 2);
}

}  // namespace

bool has_scheduler(Client& client) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
        if (!client.run(own).empty()) return true;
        pause_a_moment();
    }
    return false;
}

pid_t scheduler_of(Client& client) { return std::stoi(client.run(own).at(0).at(0).value()); }

double processor_time(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/schedstat");
    double nanoseconds = 0;
    if (!(file >> nanoseconds)) throw std::runtime_error("the kernel does not tell a process's time");
    return nanoseconds;
}

void PausedScheduler::pause() {
    for (;; pause_a_moment()) {
        const pid_t scheduler = scheduler_of(client_);
        if (kill(scheduler, SIGSTOP) != 0) throw std::runtime_error("the scheduler cannot be stopped");
        paused_ = scheduler;
        while (state_of(scheduler) != 'T') pause_a_moment();
        // It stands still now: what it waits for, it goes on waiting for.
        if (client_.run(own).at(0).at(1) == "t") return;
        resume();
    }
}

void PausedScheduler::resume() {
    if (paused_ != 0) kill(paused_, SIGCONT);
    paused_ = 0;
}

}  // namespace hil::bench
