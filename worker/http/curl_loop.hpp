// Drives all transfers of libcurl by the events of an io_context.
#pragma once

#include <curl/curl.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <memory>

namespace hil::worker {

class CurlTransfer;

// Belongs to the thread of its io_context. Only what has happened is looked at: a wake costs the same however
// many transfers wait.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
  public:
    CurlLoop(asio::io_context& io, int max_connections);
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    asio::io_context::executor_type executor() { return io_.get_executor(); }

    // Keeps a transfer going for as long as it lives. Never destroyed inside a callback of libcurl.
    class Stay {
      public:
        Stay(CurlLoop& loop, std::shared_ptr<CurlTransfer> transfer);
        ~Stay();
        Stay(const Stay&) = delete;
        Stay& operator=(const Stay&) = delete;

      private:
        CurlLoop& loop_;
        std::shared_ptr<CurlTransfer> transfer_;
    };

  private:
    // A socket that libcurl wants to know about.
    struct Watch {
        explicit Watch(asio::io_context& io) : descriptor(io) {}
        asio::posix::stream_descriptor descriptor;
        int interest = 0;  // CURL_POLL_IN, CURL_POLL_OUT
        bool reading = false, writing = false;
    };
    using WatchPtr = std::shared_ptr<Watch>;

    static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
    static int on_timer(CURLM*, long milliseconds, void* self);
    static int on_close(void* self, curl_socket_t socket);

    void watch(curl_socket_t socket, int interest);
    void forget(curl_socket_t socket);
    void wait_for(const WatchPtr& watch, curl_socket_t socket);
    void wait_for(const WatchPtr& watch, curl_socket_t socket, bool Watch::*waiting,
                  asio::posix::descriptor_base::wait_type type, int happened);
    void act(curl_socket_t socket, int happened);

    asio::io_context& io_;
    asio::steady_timer timer_;
    CURLM* multi_;
    std::map<curl_socket_t, WatchPtr> watches_;
};

}  // namespace hil::worker
