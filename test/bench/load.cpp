#include "load.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace hil::bench {
namespace {

const char* const worker = "worker";
const char* const sessions = "sessions";
const char* const scheduler = "scheduler";
const char* const server = "rest of the server";
const char* const bench = "bench";
const char* const idle = "idle";

double seconds(double ticks) { return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)); }

std::string content(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Of a process with all its threads; none where it has ended.
double time_of(const std::string& process) {
    const std::string line = content("/proc/" + process + "/stat");
    if (line.empty()) return 0;
    std::istringstream words(line.substr(line.rfind(')') + 2));
    std::string skipped;
    double user = 0, system = 0;
    for (int number = 3; number < 14; ++number) words >> skipped;
    words >> user >> system;
    return seconds(user + system);
}

double idle_time() {
    std::istringstream words(content("/proc/stat"));
    std::string name;
    double user = 0, nice = 0, system = 0, rested = 0, waited = 0;
    words >> name >> user >> nice >> system >> rested >> waited;
    return seconds(rested + waited);
}

std::vector<std::string> children(const std::string& process) {
    std::istringstream words(content("/proc/" + process + "/task/" + process + "/children"));
    return {std::istream_iterator<std::string>(words), {}};
}

std::string postmaster() {
    const char* folder = std::getenv("HIL_CLUSTER");
    std::string process;
    if (folder == nullptr || !(std::ifstream(std::string(folder) + "/data/postmaster.pid") >> process))
        throw std::runtime_error("the server's process is not known: HIL_CLUSTER");
    return process;
}

std::string hundredths(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
}

}  // namespace

Load::Load(const std::string& database) : client_(database) {}

Load::Times Load::now() const {
    Times times = {{idle, idle_time()}, {bench, time_of("self")}, {worker, 0}, {sessions, 0}, {scheduler, 0}};
    for (const pid_t process : workers_) times[worker] += time_of(std::to_string(process));
    const std::string parent = postmaster();
    times[server] = time_of(parent);
    for (const std::string& child : children(parent)) {
        const std::string name = content("/proc/" + child + "/cmdline");
        const bool schedules = name.find("hil scheduler") != std::string::npos;
        const bool serves = name.find("[local]") != std::string::npos;
        times[schedules ? scheduler : serves ? sessions : server] += time_of(child);
    }
    return times;
}

void Load::begin(const std::vector<pid_t>& workers) {
    workers_ = workers;
    flushes_ -= std::stod(client_.one("SELECT wal_sync FROM pg_stat_wal"));
    watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    before_ = now();
    begun_ = std::chrono::steady_clock::now();
}

void Load::end() {
    if (!watcher_.joinable()) return;
    for (const auto& [group, time] : now()) used_[group] += time - before_[group];
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    watcher_.request_stop();
    watcher_.join();
    flushes_ += std::stod(client_.one("SELECT wal_sync FROM pg_stat_wal"));
}

void Load::watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const Rows found = client_.run(
            "SELECT coalesce(wait_event_type || ' ' || wait_event, 'computing') FROM pg_stat_activity "
            "WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database() "
            "AND backend_type = 'client backend'");
        for (const Row& row : found) ++seen_[row.at(0).value_or("")];
        ++sightings_;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

std::string Load::processors() const {
    std::string line;
    for (const char* group : {worker, sessions, scheduler, server, bench, idle})
        line += (line.empty() ? "" : ", ") + (group + (" " + hundredths(used_.at(group) / seconds_)));
    double known = 0;
    for (const auto& [group, time] : used_) known += time / seconds_;
    const double all = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
    return "processors: " + line + ", others " + hundredths(std::max(0.0, all - known)) + " of " +
           hundredths(all);
}

std::string Load::waits() const {
    std::vector<std::pair<int, std::string>> most;
    for (const auto& [what, times] : seen_) most.emplace_back(times, what);
    std::sort(most.rbegin(), most.rend());
    if (most.size() > 4) most.resize(4);
    std::string line;
    for (const auto& [times, what] : most)
        line += ", " + hundredths(static_cast<double>(times) / sightings_) + " " + what;
    char flushes[64];
    std::snprintf(flushes, sizeof flushes, "%.0f", flushes_ / seconds_);
    return "sessions at work, on average: " + (line.empty() ? "none" : line.substr(2)) +
           "; WAL flushes: " + flushes + "/s";
}

double peak_memory(pid_t process) {
    std::istringstream lines(content("/proc/" + std::to_string(process) + "/status"));
    for (std::string line; std::getline(lines, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) * 1024;
    throw std::runtime_error("the kernel does not tell a process's memory");
}

}  // namespace hil::bench
