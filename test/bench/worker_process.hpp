// build/hil-worker as a child process.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>

namespace hil::bench {

class WorkerProcess {
  public:
    // Works on the database, with the provider `rules` for all models, up to 200 runs at once.
    explicit WorkerProcess(const std::string& database)
        : WorkerProcess(database, "concurrency: 200\nlog_level: warn\n") {}
    // With a configuration of its own. Where `log_is_read` its log goes to await_line, else to our own
    // standard error.
    WorkerProcess(const std::string& database, const std::string& config, bool log_is_read = false);
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    // Holds it still, and lets it go on.
    void pause() const;
    void resume() const;

    // Reads its log to the next line that has `text`. Throws where none comes.
    void await_line(const std::string& text);

    pid_t process() const { return process_; }

  private:
    pid_t process_ = 0;
    std::FILE* log_ = nullptr;
};

}  // namespace hil::bench
