// A peer's program (peers/*.js) as a child process that is asked for figures.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>

namespace hil::bench {

// Where test/bench/run has npm install the peers.
inline const std::string peers_folder = "build/bench-peers";
inline const std::string peers_database = "peers";

class Peer {
  public:
    // Returns when it is ready. Throws where it ends instead.
    explicit Peer(const std::string& program);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    // Sends the command and returns the figure.
    double ask(const std::string& command, int count);

  private:
    std::string read_line();

    pid_t process_ = 0;
    std::FILE* to_ = nullptr;
    std::FILE* from_ = nullptr;
};

// graphile-worker in a database of its own, after a first `count` of that command; nullptr where it is not
// installed.
std::unique_ptr<Peer> make_graphile(const std::string& command, int count);

}  // namespace hil::bench
