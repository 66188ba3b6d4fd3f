#include "model_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <stdexcept>

namespace hil::bench {
namespace {

using Steady = std::chrono::steady_clock;

const std::string reply = [] {
    const std::string body =
        R"({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", )"
        R"("content": "{\"answer\": \"It comes tomorrow.\", \"success\": true}"}}], )"
        R"("usage": {"prompt_tokens": 200, "completion_tokens": 20}})";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}();

// Whether the request is there with its body; it comes as libcurl writes it.
bool is_complete(const std::string& request) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    static const std::string key = "Content-Length: ";
    const std::size_t length = request.find(key);
    const std::size_t body =
        length < head ? std::strtoul(request.c_str() + length + key.size(), nullptr, 10) : 0;
    return request.size() >= head + 4 + body;
}

void watch(int poller, int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
}

}  // namespace

ModelServer::ModelServer(std::chrono::milliseconds thinking)
    : thinking_(thinking), listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 1024) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no port for the scripted model");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

ModelServer::~ModelServer() {
    thread_.request_stop();
    thread_.join();
    close(listener_);
}

void ModelServer::serve(const std::stop_token& stop) {
    struct Due {
        Steady::time_point when;
        int socket;
    };
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listener_);
    std::map<int, std::string> requests;  // by socket, as far as they have come
    std::deque<Due> due;
    const auto take = [&](int socket) {
        std::array<char, 16384> bytes{};
        const ssize_t count = read(socket, bytes.data(), bytes.size());
        if (count <= 0) {
            std::erase_if(due, [=](const Due& answer) { return answer.socket == socket; });
            requests.erase(socket);
            close(socket);
            return;
        }
        std::string& request = requests[socket];
        request.append(bytes.data(), static_cast<std::size_t>(count));
        if (!is_complete(request)) return;
        request.clear();
        due.push_back({Steady::now() + thinking_, socket});
        most_at_once_ = std::max(most_at_once_.load(), static_cast<int>(due.size()));
    };
    while (!stop.stop_requested()) {
        const auto left =
            due.empty() ? std::chrono::milliseconds(50)
                        : std::chrono::ceil<std::chrono::milliseconds>(due.front().when - Steady::now());
        std::array<epoll_event, 256> events{};
        const int count = epoll_wait(poller, events.data(), events.size(),
                                     static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 50)));
        for (int number = 0; number < count; ++number) {
            const int socket = events[static_cast<std::size_t>(number)].data.fd;
            if (socket != listener_) {
                take(socket);
                continue;
            }
            const int fresh = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fresh < 0) continue;
            const int at_once = 1;
            setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
            watch(poller, fresh);
            requests[fresh];
        }
        for (; !due.empty() && due.front().when <= Steady::now(); due.pop_front()) {
            // Whoever has gone needs no answer.
            [[maybe_unused]] const ssize_t sent =
                send(due.front().socket, reply.data(), reply.size(), MSG_NOSIGNAL);
            ++answered_;
        }
    }
    for (const auto& [socket, request] : requests) close(socket);
    close(poller);
}

}  // namespace hil::bench
