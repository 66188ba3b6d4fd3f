// HTTP by libcurl, whose sockets and timers are Asio's.
#pragma once

#include <memory>

#include "http/client.hpp"
#include "threads.hpp"

namespace hil::worker {

class CurlLoop;

// http and https only, certificates checked, no redirects, no proxy, no .netrc. Addresses are checked where a
// socket is opened, before any packet leaves, and again before a request goes over a connection that is
// already there, which may have been opened under another policy.
class CurlClient : public HttpClient {
  public:
    // `max_connections`: how many are kept open for requests to come.
    CurlClient(Threads& threads, int max_connections);
    ~CurlClient() override;

    Task<HttpReply> send(HttpRequest request) override;

  private:
    Threads& threads_;
    std::shared_ptr<CurlLoop> loop_;  // requests that are on their way keep it
};

}  // namespace hil::worker
