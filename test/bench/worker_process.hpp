// build/hil-worker as a child process.
#pragma once

#include <sys/types.h>

#include <string>

namespace hil::bench {

class WorkerProcess {
  public:
    // Works on the database with the provider `rules`, up to 200 runs at once.
    explicit WorkerProcess(const std::string& database);
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    // Holds it still, and lets it go on.
    void pause() const;
    void resume() const;

    pid_t process() const { return process_; }

  private:
    pid_t process_ = 0;
};

}  // namespace hil::bench
