// Who used the processors while something was measured, and what the database's sessions waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"

namespace hil::bench {

// Adds up over as many spans of time as there are.
class Load {
  public:
    explicit Load(const std::string& database);
    ~Load() { end(); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Workers are the processes named; sessions, the scheduler and the server's other processes are found,
    // and must not end before end().
    void begin(const std::vector<pid_t>& workers);
    void end();

    // Of one processor's time.
    double of(const std::string& group) const { return used_.at(group) / seconds_; }

    // A line that tells who used how much of a processor, and how much nobody did.
    std::string processors() const;
    // A line that tells what working sessions were seen at, and how often WAL was flushed.
    std::string waits() const;

  private:
    using Times = std::map<std::string, double>;  // seconds by group

    Times now() const;
    void watch(const std::stop_token& stop);

    Client client_;
    std::vector<pid_t> workers_;
    std::chrono::steady_clock::time_point begun_;
    Times before_, used_;
    double seconds_ = 0, flushes_ = 0;
    std::map<std::string, int> seen_;
    int sightings_ = 0;
    std::jthread watcher_;
};

// The most memory that a process has had at once, in bytes.
double peak_memory(pid_t process);

}  // namespace hil::bench
