// A language model, scripted, in a thread of this process: the Chat Completions API.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace hil::bench {

// Gives every question the same answer, some time after the question. Takes any number of them at once.
class ModelServer {
  public:
    explicit ModelServer(std::chrono::milliseconds thinking);
    ~ModelServer();
    ModelServer(const ModelServer&) = delete;
    ModelServer& operator=(const ModelServer&) = delete;

    // What a provider of kind openai has as its base_url.
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

    // How many questions it has answered, and of how many it thought at once at most.
    int answered() const { return answered_; }
    int most_at_once() const { return most_at_once_; }

  private:
    void serve(const std::stop_token& stop);

    const std::chrono::milliseconds thinking_;
    int listener_;
    int port_ = 0;
    std::atomic<int> answered_ = 0, most_at_once_ = 0;
    std::jthread thread_;  // ends first
};

}  // namespace hil::bench
