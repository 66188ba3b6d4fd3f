// A web server whose every answer is written by the test: late, piece by piece, cut off, or never.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hil::test {

// What is done with a request.
class Act {
  public:
    static Act json(const nlohmann::json& body, int status = 200);
    static Act text(std::string body, int status);
    // Takes the request and never answers.
    static Act silence();

    Act& header(std::string name, std::string value);
    // Nothing is sent before this time has passed.
    Act& after(std::chrono::milliseconds delay);
    // The body goes out in pieces of so many bytes.
    Act& drip(std::size_t bytes, std::chrono::milliseconds every);
    // The connection is closed after so many bytes of the body.
    Act& cut(std::size_t after_bytes);

  private:
    friend class ScriptedServer;
    int status_ = 200;
    std::string body_, type_ = "text/plain";
    std::vector<std::pair<std::string, std::string>> headers_;
    std::chrono::milliseconds delay_{0}, every_{0};
    std::optional<std::size_t> piece_, cut_;
    bool silent_ = false;
};

// A request as it came.
struct Seen {
    std::string method, path, body;
    std::multimap<std::string, std::string> headers;
    nlohmann::json json;  // discarded where the body is no JSON
    std::chrono::steady_clock::time_point at;

    std::string header(const std::string& name) const;
};

// Serves on a free port of 127.0.0.1 from the constructor on. Thread-safe.
class ScriptedServer {
  public:
    // A connection that is kept open holds a thread.
    explicit ScriptedServer(int threads = 64);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::string url() const;  // http://127.0.0.1:PORT
    int port() const;

    // What is done with requests to a path (without its query); requests to any other get 404. Called from
    // several threads at once.
    using Handler = std::function<Act(const Seen&)>;
    void on(const std::string& path, Handler handler);

    // The requests that have arrived, in order.
    std::vector<Seen> seen(const std::string& path) const;
    // Until so many have arrived.
    testing::AssertionResult waits_for(const std::string& path, int count) const;
    // The largest number of requests that were open at the same time.
    int most_at_once() const;

    // Requests that arrive from now on wait before their handler is called, until release().
    void hold();
    void release();

    // Refuses connections and drops those that are open; then serves on the same port again.
    void down();
    void up();

  private:
    struct State;
    void serve();
    std::unique_ptr<State> state_;
};

}  // namespace hil::test
