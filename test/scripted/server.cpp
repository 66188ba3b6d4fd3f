#include "scripted/server.hpp"

#include <httplib.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace hil::test {

Act Act::json(const nlohmann::json& body, int status) {
    Act act = text(body.dump(), status);
    act.type_ = "application/json";
    return act;
}

Act Act::text(std::string body, int status) {
    Act act;
    act.body_ = std::move(body);
    act.status_ = status;
    return act;
}

Act Act::silence() {
    Act act;
    act.silent_ = true;
    return act;
}

Act& Act::header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
}

Act& Act::after(std::chrono::milliseconds delay) {
    delay_ = delay;
    return *this;
}

Act& Act::drip(std::size_t bytes, std::chrono::milliseconds every) {
    piece_ = bytes;
    every_ = every;
    return *this;
}

Act& Act::cut(std::size_t after_bytes) {
    cut_ = after_bytes;
    return *this;
}

std::string Seen::header(const std::string& name) const {
    for (const auto& [key, value] : headers)
        if (strcasecmp(key.c_str(), name.c_str()) == 0) return value;
    return "";
}

struct ScriptedServer::State {
    int threads = 0;
    int port = 0;
    // Bound to the port and never listening: while the server is down, whoever connects is refused, and
    // nobody else is given the port.
    int placeholder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::unique_ptr<httplib::Server> server;
    std::thread listener;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    bool stopping = false, held = false;
    int open = 0, most_open = 0;
    std::map<std::string, Handler> handlers;
    std::vector<Seen> requests;

    ~State() { close(placeholder); }

    void take_port() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* name = reinterpret_cast<sockaddr*>(&address);
        share(placeholder);
        if (bind(placeholder, name, length) != 0 || getsockname(placeholder, name, &length) != 0)
            throw std::runtime_error("no port is free");
        port = ntohs(address.sin_port);
    }

    // Only with a placeholder, and so that a port is free again at once: two servers cannot share one.
    static void share(int socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    }

    // False: the server is going down meanwhile.
    bool wait(std::chrono::milliseconds time) const {
        std::unique_lock lock(mutex);
        return !changed.wait_for(lock, time, [&] { return stopping; });
    }

    Act act_on(const Seen& seen) {
        Handler handler;
        {
            std::unique_lock lock(mutex);
            requests.push_back(seen);
            most_open = std::max(most_open, ++open);
            changed.notify_all();
            changed.wait(lock, [&] { return !held || stopping; });
            if (const auto found = handlers.find(seen.path); found != handlers.end()) handler = found->second;
        }
        Act act = handler ? handler(seen) : Act::text("nothing is here", 404);
        if (act.silent_) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return stopping; });
        }
        wait(act.delay_);
        const std::lock_guard lock(mutex);
        --open;
        return act;
    }

    void answer(const Act& act, httplib::Response& response) const {
        response.status = act.status_;
        for (const auto& [name, value] : act.headers_) response.set_header(name, value);
        if (!act.piece_ && !act.cut_) {
            response.set_content(act.body_, act.type_);
            return;
        }
        const std::size_t piece = act.piece_.value_or(act.body_.size());
        response.set_content_provider(
            act.body_.size(), act.type_,
            [this, act, piece](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                std::size_t bytes = std::min(piece, length);
                if (act.cut_) bytes = std::min(bytes, *act.cut_ - std::min(offset, *act.cut_));
                if (bytes == 0) return false;
                if (offset > 0 && !wait(act.every_)) return false;
                return sink.write(act.body_.data() + offset, bytes);
            });
    }
};

ScriptedServer::ScriptedServer(int threads) : state_(std::make_unique<State>()) {
    state_->threads = threads;
    state_->take_port();
    serve();
}

ScriptedServer::~ScriptedServer() { down(); }

std::string ScriptedServer::url() const { return "http://127.0.0.1:" + std::to_string(state_->port); }

int ScriptedServer::port() const { return state_->port; }

void ScriptedServer::on(const std::string& path, Handler handler) {
    const std::lock_guard lock(state_->mutex);
    state_->handlers[path] = std::move(handler);
}

std::vector<Seen> ScriptedServer::seen(const std::string& path) const {
    const std::lock_guard lock(state_->mutex);
    std::vector<Seen> found;
    std::copy_if(state_->requests.begin(), state_->requests.end(), std::back_inserter(found),
                 [&](const Seen& seen) { return seen.path == path; });
    return found;
}

testing::AssertionResult ScriptedServer::waits_for(const std::string& path, int count) const {
    std::unique_lock lock(state_->mutex);
    const auto arrived = [&] {
        return std::count_if(state_->requests.begin(), state_->requests.end(),
                             [&](const Seen& seen) { return seen.path == path; });
    };
    if (state_->changed.wait_for(lock, std::chrono::seconds(60), [&] { return arrived() >= count; }))
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << arrived() << " and not " << count << " requests came to " << path;
}

int ScriptedServer::most_at_once() const {
    const std::lock_guard lock(state_->mutex);
    return state_->most_open;
}

void ScriptedServer::hold() {
    const std::lock_guard lock(state_->mutex);
    state_->held = true;
}

void ScriptedServer::release() {
    const std::lock_guard lock(state_->mutex);
    state_->held = false;
    state_->changed.notify_all();
}

void ScriptedServer::down() {
    if (!state_->server) return;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->changed.notify_all();
    }
    state_->server->stop();
    state_->listener.join();
    state_->server.reset();
}

void ScriptedServer::up() {
    if (!state_->server) serve();
}

void ScriptedServer::serve() {
    state_->stopping = false;
    state_->server = std::make_unique<httplib::Server>();
    httplib::Server& server = *state_->server;
    server.new_task_queue = [threads = static_cast<std::size_t>(state_->threads)] {
        return new httplib::ThreadPool(threads);
    };
    // A connection at rest is looked at no longer than this when the server goes down.
    server.set_keep_alive_timeout(1);
    server.set_keep_alive_max_count(1'000'000);
    server.set_tcp_nodelay(true);
    int listening = -1;
    server.set_socket_options([&listening](socket_t socket) {
        listening = socket;
        State::share(socket);
    });
    const auto handle = [state = state_.get()](const httplib::Request& request, httplib::Response& response) {
        Seen seen{request.method, request.path, request.body, {}, {}, std::chrono::steady_clock::now()};
        for (const auto& [name, value] : request.headers) seen.headers.emplace(name, value);
        seen.json = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
        state->answer(state->act_on(seen), response);
    };
    const char* const anything = R"(.*)";
    server.Get(anything, handle);
    server.Post(anything, handle);
    server.Put(anything, handle);
    server.Patch(anything, handle);
    server.Delete(anything, handle);
    if (!server.bind_to_port("127.0.0.1", state_->port))
        throw std::runtime_error("port " + std::to_string(state_->port) + " is taken");
    // The library lets only a few connections wait to be accepted, and drops the others for a second.
    if (listen(listening, 1024) != 0) throw std::runtime_error("the server does not listen");
    server.set_socket_options([](socket_t) {});
    state_->listener = std::thread([&server] { server.listen_after_bind(); });
    // The port takes connections already; stop() has no effect before the listener runs.
    while (!server.is_running()) std::this_thread::yield();
}

}  // namespace hil::test
