#include "http/curl_loop.hpp"

#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "http/curl_transfer.hpp"

namespace hil::worker {
namespace {

// Before any other thread can be in libcurl.
const CURLcode global_state = curl_global_init(CURL_GLOBAL_DEFAULT);

}  // namespace

CurlLoop::CurlLoop(asio::io_context& io, int max_connections)
    : io_(io), timer_(io), multi_(curl_multi_init()) {
    if (global_state != CURLE_OK || multi_ == nullptr) throw std::runtime_error("libcurl cannot be set up");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(max_connections));
}

CurlLoop::~CurlLoop() {
    curl_multi_cleanup(multi_);  // closes the connections that are at rest
}

CurlLoop::Stay::Stay(CurlLoop& loop, std::shared_ptr<CurlTransfer> transfer)
    : loop_(loop), transfer_(std::move(transfer)) {
    CURL* const easy = transfer_->easy();
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &loop_);
    transfer_->start();
    curl_multi_add_handle(loop_.multi_, easy);
}

CurlLoop::Stay::~Stay() { curl_multi_remove_handle(loop_.multi_, transfer_->easy()); }

int CurlLoop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto& loop = *static_cast<CurlLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
        loop.forget(socket);
    } else {
        loop.watch(socket, what);
    }
    return 0;
}

int CurlLoop::on_timer(CURLM*, long milliseconds, void* self) {
    auto& loop = *static_cast<CurlLoop*>(self);
    loop.timer_.cancel();
    if (milliseconds < 0) return 0;
    // Also when the time is now: libcurl must not be called from its own callback.
    loop.timer_.expires_after(std::chrono::milliseconds(milliseconds));
    loop.timer_.async_wait([weak = loop.weak_from_this()](asio::error_code error) {
        const auto alive = weak.lock();
        if (!error && alive) alive->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

int CurlLoop::on_close(void* self, curl_socket_t socket) {
    static_cast<CurlLoop*>(self)->forget(socket);
    return close(socket);
}

void CurlLoop::watch(curl_socket_t socket, int interest) {
    WatchPtr& watch = watches_[socket];
    if (!watch) {
        watch = std::make_shared<Watch>(io_);
        watch->descriptor.assign(socket);
    }
    watch->interest = interest;
    wait_for(watch, socket);
}

// The socket is libcurl's, and so is closing it.
void CurlLoop::forget(curl_socket_t socket) {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->interest = 0;
    found->second->descriptor.release();
    watches_.erase(found);
}

void CurlLoop::wait_for(const WatchPtr& watch, curl_socket_t socket) {
    using asio::posix::descriptor_base;
    if ((watch->interest & CURL_POLL_IN) != 0)
        wait_for(watch, socket, &Watch::reading, descriptor_base::wait_read, CURL_CSELECT_IN);
    if ((watch->interest & CURL_POLL_OUT) != 0)
        wait_for(watch, socket, &Watch::writing, descriptor_base::wait_write, CURL_CSELECT_OUT);
}

void CurlLoop::wait_for(const WatchPtr& watch, curl_socket_t socket, bool Watch::*waiting,
                        asio::posix::descriptor_base::wait_type type, int happened) {
    if (std::exchange(watch.get()->*waiting, true)) return;
    watch->descriptor.async_wait(
        type, [weak = weak_from_this(), watch, socket, waiting, happened](asio::error_code error) {
            watch.get()->*waiting = false;
            const auto alive = weak.lock();
            const int wanted = happened == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT;
            if (error || !alive || (watch->interest & wanted) == 0) return;
            alive->act(socket, happened);
            alive->wait_for(watch, socket);  // if libcurl still wants to know
        });
}

void CurlLoop::act(curl_socket_t socket, int happened) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, happened, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        void* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        static_cast<CurlTransfer*>(transfer)->finish(message->data.result);
    }
}

}  // namespace hil::worker
