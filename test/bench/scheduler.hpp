// A database's scheduler, as a process.
#pragma once

#include <sys/types.h>

#include <string>

#include "client.hpp"

namespace hil::bench {

// Whether one serves the client's database; waits some seconds for it to come.
bool has_scheduler(Client& client);

// Nanoseconds that the process has had a processor.
double processor_time(pid_t process);

// Process id of the scheduler of the client's database.
pid_t scheduler_of(Client& client);

// Holds the scheduler of a database still, while it waits for work and so has nothing locked.
class PausedScheduler {
  public:
    explicit PausedScheduler(const std::string& database) : client_(database) {}
    ~PausedScheduler() { resume(); }
    PausedScheduler(const PausedScheduler&) = delete;
    PausedScheduler& operator=(const PausedScheduler&) = delete;

    void pause();
    void resume();

  private:
    Client client_;
    pid_t paused_ = 0;
};

}  // namespace hil::bench
